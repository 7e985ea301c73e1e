export function setUpCounter(button: HTMLButtonElement): void {
  let count = 0
  const show = () => {
    button.textContent = `Count is ${count}`
  }
  button.addEventListener('click', () => {
    count++
    show()
  })
  show()
}
