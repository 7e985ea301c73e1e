import './style.css'
import { setUpCounter } from './counter.ts'

setUpCounter(document.querySelector('#counter')!)
