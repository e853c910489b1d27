import { describeCrashes } from './each-await.ts'

describeCrashes('postgres', { plain: 8, stepped: 24 })
