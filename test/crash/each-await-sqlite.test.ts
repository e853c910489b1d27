import { describeCrashes } from './each-await.ts'

describeCrashes('sqlite', { plain: 1, stepped: 8 })
