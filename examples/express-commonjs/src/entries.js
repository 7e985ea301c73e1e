const entries = []

exports.list = () => entries

exports.add = (name, text) => {
  const entry = { id: entries.length + 1, name, text }
  entries.push(entry)
  return entry
}
