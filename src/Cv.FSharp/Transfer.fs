namespace Cv.FSharp

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime

/// Saves and loads states, and trains parts of models.
[<AutoOpen>]
module Transfer =
    /// Writes a state to a file, safetensors or NumPy's .npz by its ending: `state |> saveState "net.npz"`.
    let saveState (path: string) (state: ModelState) = state.Save path

    /// Reads a file that saveState or another program wrote.
    let loadState (path: string) = ModelState.Load path

    /// Overwrites what the source has under the same name and of the same type, and reports on every name: `state |> copyMatching pretrained |> printfn "%O"`.
    let copyMatching (source: ModelState) (state: ModelState) = state.CopyMatching source

    /// Takes so many stages off a model's end.
    let truncate (stages: int) (model: Model) = model.Truncate stages

    /// Gives what comes before a stage: `net |> before "dense2"`.
    let before (stage: string) (model: Model) = model.Before stage

    /// Gives a model another head instead of its last stage: `net |> replaceHead (dense 5)`.
    let replaceHead (head: Expr -> Expr) (model: Model) =
        model.ReplaceHead(fun body -> body.Then head)

    /// Compiles the training step of what is not frozen: `net |> compileFrozen (fun name -> name.StartsWith "conv") softmaxCrossEntropy (adam 1e-3)`.
    let compileFrozen (frozen: string -> bool) loss optimiser model =
        Training.Compile(model, (fun scores labels -> loss labels scores), optimiser, frozen = Func<_, _> frozen)
