/** The file with which `node` is started for a supervised app: see `client/process/bootstrap`. */
import { keepApp, loadApp } from './load-app.ts'

loadApp().bootstrap(keepApp)
