export const value = 'v0'
