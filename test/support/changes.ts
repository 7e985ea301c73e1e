/** Changes of a project that can be undone. */
import { existsSync, rmSync, symlinkSync, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Project } from './project.ts'

/** Makes it; returns what undoes it. */
export type UndoableChange = (project: Project) => () => void

export function edit(file: string, from: string, to: string): UndoableChange {
  return (project) => {
    const before = project.read(file)
    project.edit(file, from, to)
    return () => project.write(file, before)
  }
}

export function add(file: string, content = ''): UndoableChange {
  return (project) => {
    let made = file
    while (!existsSync(project.path(dirname(made)))) made = dirname(made)
    project.write(file, content)
    return () => rmSync(project.path(made), { recursive: true })
  }
}

export function relink(link: string, to: string): UndoableChange {
  return (project) => {
    project.rename(link, `${link}-former`)
    symlinkSync(project.path(to), project.path(link))
    return () => {
      unlinkSync(project.path(link))
      project.rename(`${link}-former`, link)
    }
  }
}
