import { describeCrashes } from './each-await.ts'

describeCrashes('postgres', { plain: 6, stepped: 16 })
