// The second Express that the adapter is tested with; the types of the first serve for what both have.
declare module 'express4' {
  import express from 'express'
  export default express
}
