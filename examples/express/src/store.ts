export interface Link {
  code: string
  url: string
  visits: number
}

// `hot.data` outlives the module: the links stay even when this file is edited.
const links: Map<string, Link> = import.meta.hot?.data.links ?? new Map()
if (import.meta.hot) import.meta.hot.data.links = links

export const store = { links }
