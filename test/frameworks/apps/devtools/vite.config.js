import { DevTools } from '@vitejs/devtools'
import { tether } from 'vite-tether'

export default { plugins: [DevTools({ clientAuth: false }), tether({ entry: 'src/main.js' })] }
