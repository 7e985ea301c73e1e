/** Makes the id of a runner: `name`, with a number if another runner has it. Several runners of one process have one name and pid. */
export function distinctId(name: string, isTaken: (id: string) => boolean): string {
  let id = name
  for (let n = 2; isTaken(id); n++) id = `${name}-${n}`
  return id
}
