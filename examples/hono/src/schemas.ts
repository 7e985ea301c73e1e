import { z } from 'zod'

export const newProject = z.object({
  name: z.string().trim().min(1).max(80),
})

export const newTask = z.object({
  title: z.string().trim().min(1).max(200),
  project: z.string().optional(),
  due: z.iso.date().optional(),
})

export const taskChange = newTask.partial().extend({ done: z.boolean().optional() })

export const taskFilter = z.object({
  done: z.enum(['true', 'false']).optional(),
  project: z.string().optional(),
})

export type NewProject = z.infer<typeof newProject>
export type NewTask = z.infer<typeof newTask>
export type TaskChange = z.infer<typeof taskChange>
