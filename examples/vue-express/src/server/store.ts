// lives as long as the process: a save of this file alone begins anew
export const store = { tea: 0, coffee: 0 }
