import { useData } from 'vike-react/useData'

export default function Page() {
  return <p>{`page ${useData().value}`}</p>
}
