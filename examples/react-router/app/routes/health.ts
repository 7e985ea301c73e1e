export const loader = () => Response.json({ pid: process.pid })
