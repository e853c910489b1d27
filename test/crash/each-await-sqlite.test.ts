import { describeCrashes } from './each-await.ts'

describeCrashes('sqlite', { plain: 4, stepped: 16 })
