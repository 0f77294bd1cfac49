module Cv.Tests.Main

open System.Reflection

[<EntryPoint>]
let main args =
    Cv.Expecto.Program.run (Assembly.GetExecutingAssembly()) args
