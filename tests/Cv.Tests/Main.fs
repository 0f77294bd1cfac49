module Cv.Tests.Main

open System.Globalization
open System.Reflection

/// Prints numbers as no test expects them: what follows the culture of the thread shows in every text that a test pins.
let private odd =
    let culture = CultureInfo.InvariantCulture.Clone() :?> CultureInfo
    culture.NumberFormat.NumberDecimalSeparator <- ","
    culture.NumberFormat.NumberGroupSeparator <- "."
    culture.NumberFormat.PercentDecimalSeparator <- ","
    culture.NumberFormat.NegativeSign <- "\u2212"
    culture.NumberFormat.PositiveInfinitySymbol <- "infinite"
    culture.NumberFormat.NaNSymbol <- "not a number"
    culture

[<EntryPoint>]
let main args =
    CultureInfo.DefaultThreadCurrentCulture <- odd
    CultureInfo.CurrentCulture <- odd
    Cv.Expecto.Program.run (Assembly.GetExecutingAssembly()) args
