import { countVisit } from '../../server/visits.ts'
import type { Route } from './+types/home.ts'

// runs in the app's process
export const loader = () => ({ visits: countVisit(), pid: process.pid })

export default function Home({ loaderData: { visits, pid } }: Route.ComponentProps) {
  return (
    <main>
      <h1>Hello</h1>
      <p>{`Visit ${visits}, answered by process ${pid}.`}</p>
    </main>
  )
}
