namespace Cv.FSharp

open Cv.Practice

/// Examines models by the checks of the course notes.
[<AutoOpen>]
module Diagnosing =
    /// Makes every check. The loss takes labels, then scores: `net |> diagnose (DiagnosisOptions(Rate = 0.1)) softmaxCrossEntropy batches |> printfn "%O"`.
    let diagnose (options: DiagnosisOptions) loss batches model =
        Diagnose.Run(model, (fun scores labels -> loss labels scores), batches, options)
