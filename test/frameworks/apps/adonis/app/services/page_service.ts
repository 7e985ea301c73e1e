export class PageService {
  text(): string {
    return 'page v0'
  }
}
