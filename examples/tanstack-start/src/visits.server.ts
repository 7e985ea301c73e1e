// lives as long as the process: saves of routes do not touch it
let visits = 0

export const countVisit = (): number => ++visits
