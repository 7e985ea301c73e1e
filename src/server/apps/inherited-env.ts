/**
 * The environment before Vite sets NODE_ENV in it, where this file was loaded early enough (the command does). The token in it,
 * if there is one, is for attached runners.
 */
export const { TETHER_TOKEN: _notTheirs, ...inherited } = process.env
