import router from '@adonisjs/core/services/router'

const PageController = () => import('#controllers/page_controller')

router.get('/', [PageController, 'show'])
