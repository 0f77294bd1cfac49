module Cv.Examples.FSharp.Program

[<EntryPoint>]
let main _ =
    printfn "The F# examples go here."
    0
