module.exports = {
  name: 'page',
  actions: {
    show() {
      return 'page v0'
    },
  },
}
