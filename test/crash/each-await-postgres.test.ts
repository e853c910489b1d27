import { describeCrashes } from './each-await.ts'

describeCrashes('postgres', { plain: 5, stepped: 12 })
