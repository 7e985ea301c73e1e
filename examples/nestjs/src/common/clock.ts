export const CLOCK = Symbol('clock')

/** The present, in milliseconds since 1970. */
export type Clock = () => number
