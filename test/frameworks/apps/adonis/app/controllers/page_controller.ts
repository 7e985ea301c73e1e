import { inject } from '@adonisjs/core'
// biome-ignore lint/style/useImportType: its type is what is injected
import { PageService } from '#services/page_service'

@inject()
export default class PageController {
  constructor(private pages: PageService) {}

  show() {
    return this.pages.text()
  }
}
