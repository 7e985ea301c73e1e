import { createFileRoute } from '@tanstack/react-router'
import { value } from '../value.js'

export const Route = createFileRoute('/')({ component: () => <p>{`page ${value}`}</p> })
