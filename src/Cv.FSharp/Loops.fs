namespace Cv.FSharp

open System
open System.Collections.Immutable
open Cv.Dsl

/// Names loops with state, and functions whose inside is computed again on the way back.
[<AutoOpen>]
module Loops =
    let private steps (body: Expr list -> Expr list -> Expr list * Expr list) =
        Func<Expr[], Expr[], struct (Expr[] * Expr[])>(fun states xs ->
            let next, outputs = body (List.ofArray states) (List.ofArray xs)
            struct (Array.ofList next, Array.ofList outputs))

    let private go reverse body (states: Expr list) (xs: Expr list) =
        let struct (last: ImmutableArray<Expr>, outputs: ImmutableArray<Expr>) =
            Expr.Scan(Array.ofList states, Array.ofList xs, steps body, reverse)

        List.ofSeq last, List.ofSeq outputs

    let private goOne reverse (body: Expr -> Expr -> Expr * Expr) state xs =
        let body (states: Expr list) (xs: Expr list) =
            let next, output = body states.Head xs.Head
            [ next ], [ output ]

        let last, outputs = go reverse body [ state ] [ xs ]
        last.Head, outputs.Head

    /// Goes through a sequence with a state, as List.fold does: `scan (fun h x -> tanh (x *@ wx + h *@ wh)) h0 xs` gives the last state, and all of them on a
    /// new first axis.
    let scan (body: Expr -> Expr -> Expr) state xs =
        goOne
            false
            (fun s x ->
                let next = body s x
                next, next)
            state
            xs

    /// As scan, from the last element to the first.
    let scanBack (body: Expr -> Expr -> Expr) state xs =
        goOne
            true
            (fun s x ->
                let next = body s x
                next, next)
            state
            xs

    /// Goes through a sequence with a state, as List.mapFold does; the body gives the next state and an output. Gives the last state and all outputs.
    let mapScan (body: Expr -> Expr -> Expr * Expr) state xs = goOne false body state xs

    /// As mapScan, from the last element to the first.
    let mapScanBack (body: Expr -> Expr -> Expr * Expr) state xs = goOne true body state xs

    /// Goes through several sequences with several states: the body gives the next states and the outputs.
    let scanMany (body: Expr list -> Expr list -> Expr list * Expr list) states xs = go false body states xs

    /// As scanMany, from the last elements to the first.
    let scanManyBack (body: Expr list -> Expr list -> Expr list * Expr list) states xs = go true body states xs

    /// Applies a function so many times, each time to what it gave: `x |> iterate 20 (fun y -> 0.5 * (y + x / y))`.
    let iterate (steps: int) (body: Expr -> Expr) (x: Expr) =
        x.Iterate(Dim steps, Func<Expr, Expr> body)

    /// As iterate; the function is given the number of the step first, i32[], from 0.
    let iterateWith (steps: int) (body: Expr -> Expr -> Expr) (x: Expr) =
        x.Iterate(Dim steps, Func<Expr, Expr, Expr>(fun y i -> body i y))

    /// Computes a function, and computes its inside again for the gradient instead of keeping it: `x |> checkpoint (dense 256 >> relu >> dense 256)`.
    let checkpoint (f: Expr -> Expr) (x: Expr) = x.Checkpoint(Func<Expr, Expr> f)

    /// As checkpoint, for a function of several operands.
    let checkpointMany (f: Expr list -> Expr) (xs: Expr list) =
        Expr.Checkpoint(Func<Expr[], Expr>(List.ofArray >> f), Array.ofList xs)
