export const text = (): string => 'page v0'
