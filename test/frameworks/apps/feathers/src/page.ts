export class PageService {
  async find(): Promise<string> {
    return 'page v0'
  }
}
