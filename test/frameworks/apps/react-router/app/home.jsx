import { value } from '../src/value.js'

export const loader = () => ({ value })

export default function Home({ loaderData }) {
  return <p>{`page ${loaderData.value}`}</p>
}
