/** A generated NestJS app with TypeORM: little code of its own, much of others. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { App, Compile } from './app.ts'
import { packageFolder } from './paths.ts'
import { IMPORTS, LISTEN, STATE, settingsCode } from './source.ts'

const RESOURCES = 8
const PACKAGES = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  'typeorm',
  'reflect-metadata',
  'rxjs',
  'sql.js',
]

const resource = (n: number, own: number): Record<string, string> => ({
  [`resource${n}/entity.ts`]: `import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm'

@Entity('resource${n}')
export class Resource${n} {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar' })
  name!: string

  @Column({ type: 'integer', default: 0 })
  version!: number
}
`,
  [`resource${n}/service.ts`]: `import { Inject, Injectable, NotFoundException } from '@nestjs/common'
import type { DataSource } from 'typeorm'
import { DATABASE } from '../database.ts'
import { Resource${n} } from './entity.ts'

@Injectable()
export class Service${n} {
  readonly value: number = ${own}

  constructor(@Inject(DATABASE) private readonly database: DataSource) {}

  async find(id: number): Promise<Resource${n}> {
    const found = await this.database.getRepository(Resource${n}).findOneBy({ id })
    if (!found) throw new NotFoundException('no resource ' + id)
    return found
  }

  list(): Promise<Resource${n}[]> {
    return this.database.getRepository(Resource${n}).find()
  }

  insert(name: string): Promise<Resource${n}> {
    return this.database.getRepository(Resource${n}).save({ name })
  }
}
`,
  [`resource${n}/controller.ts`]: `import { Body, Controller, Get, Inject, Param, ParseIntPipe, Post } from '@nestjs/common'
import { Service${n} } from './service.ts'

@Controller('resource${n}')
export class Controller${n} {
  constructor(@Inject(Service${n}) private readonly service: Service${n}) {}

  @Get()
  list() {
    return this.service.list()
  }

  @Get(':id')
  find(@Param('id', ParseIntPipe) id: number) {
    return this.service.find(id)
  }

  @Post()
  insert(@Body('name') name: string) {
    return this.service.insert(name)
  }
}
`,
  [`resource${n}/module.ts`]: `import { Module } from '@nestjs/common'
import { databaseProvider } from '../database.ts'
import { Controller${n} } from './controller.ts'
import { Service${n} } from './service.ts'

@Module({ controllers: [Controller${n}], providers: [Service${n}, databaseProvider], exports: [Service${n}] })
export class Module${n} {}
`,
})

const all = Array.from({ length: RESOURCES }, (_, n) => n)

const DATABASE = `import { DataSource } from 'typeorm'
${all.map((n) => `import { Resource${n} } from './resource${n}/entity.ts'\n`).join('')}
export const DATABASE = Symbol('database')
const database = new DataSource({ type: 'sqljs', synchronize: true, entities: [${all.map((n) => `Resource${n}`)}] })
await database.initialize()
export const databaseProvider = { provide: DATABASE, useValue: database }
`

const ROOT_CONTROLLER = `import { Controller, Get, Inject } from '@nestjs/common'
${all.map((n) => `import { Service${n} } from './resource${n}/service.ts'\n`).join('')}
@Controller()
export class RootController {
  constructor(
${all.map((n) => `    @Inject(Service${n}) private readonly service${n}: Service${n},\n`).join('')}  ) {}

  @Get()
  async answer() {
    await this.service0.list()
    const value = ${all.map((n) => `this.service${n}.value`).join(' + ')}
    return { value, ...(globalThis as unknown as { rest(): object }).rest() }
  }
}
`

const APP = `import 'reflect-metadata'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
${all.map((n) => `import { Module${n} } from './resource${n}/module.ts'\n`).join('')}import { RootController } from './root.controller.ts'

const counter = globalThis as { evaluated?: number }
counter.evaluated = (counter.evaluated ?? 0) + 1

@Module({ imports: [${all.map((n) => `Module${n}`)}], controllers: [RootController] })
class AppModule {}

export const app = await NestFactory.create(AppModule, { logger: ['error'], abortOnError: false })
await app.init()
`

const entry = (accept: string): string => `${IMPORTS}import { app } from './app.ts'
${LISTEN}
const nest = globalThis as { nest?: typeof app; rest?: () => object }
nest.nest = app
nest.rest = () => ({ settings, boot, hits: hit(), pid: process.pid, evaluated: held.evaluated ?? 0 })
if (!held.server) {
  held.server = createServer((request, response) => {
    if (request.url === '/memory') response.end(JSON.stringify(memory()))
    else nest.nest!.getHttpAdapter().getInstance()(request, response)
  }).listen(Number(process.env.PORT), '127.0.0.1')
}
${accept}`

const ACCEPT = `if (import.meta.hot) {
  import.meta.hot.accept('./app.ts', (next) => {
    if (!next) return
    const previous = nest.nest!
    nest.nest = next.app
    void previous.close()
  })
}
`

/** Writes the app into the empty folder `root`. A leaf is a service; there is no mid and no shared module. */
export function writeNestApp(root: string, compile?: Compile): App {
  const own = all.map((n) => n)
  let settings = 1
  const write = (name: string, text: string): void => {
    const { file, code } = compile?.(name, text) ?? { file: name, code: text }
    const path = join(root, 'src', file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, code)
  }
  const writeAll = (files: Record<string, string>): void => {
    for (const [name, code] of Object.entries(files)) write(name, code)
  }
  for (const n of all) writeAll(resource(n, own[n]!))
  writeAll({ 'database.ts': DATABASE, 'root.controller.ts': ROOT_CONTROLLER, 'app.ts': APP, 'state.ts': STATE })
  writeAll({ 'entry.ts': entry(ACCEPT), 'entry-plain.ts': entry(''), 'settings.ts': settingsCode(settings) })
  writeFileSync(join(root, 'package.json'), '{ "name": "bench-nest", "private": true, "type": "module" }\n')
  const options = { target: 'ES2022', module: 'NodeNext', experimentalDecorators: true, useDefineForClassFields: false }
  writeFileSync(join(root, 'tsconfig.json'), `${JSON.stringify({ compilerOptions: options, include: ['src'] })}\n`)
  for (const name of PACKAGES) {
    const link = join(root, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(packageFolder(name), link, 'junction')
  }
  return {
    root,
    get expected() {
      return { value: own.reduce((sum, each) => sum + each), settings }
    },
    save(edit) {
      if (edit === 'unaccepted') {
        settings++
        write('settings.ts', settingsCode(settings))
      } else {
        own[0]!++
        write('resource0/service.ts', resource(0, own[0]!)['resource0/service.ts']!)
      }
    },
  }
}
