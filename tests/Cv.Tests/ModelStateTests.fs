module Cv.Tests.ModelStateTests

open System
open System.Collections.Generic
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Cv.Tests.TensorTests
open Expecto

[<Tests>]
let tests =
    let w = Expr.Parameter("w", shape [ 2; 3 ], Initialiser.He)
    let b = Expr.Parameter("b", shape [ 1; 3 ])
    let count = Expr.State("count", Shape.Scalar, 7.0, DType.I32)

    testList "Model state" [
        testCase "first values come from initialisers and fills"
        <| fun () ->
            let state = ModelState.Initialise([ w; b; count ], 1UL)
            let drawn = Array.zeroCreate 6
            Initialiser.He.Fill(drawn.AsSpan(), shape [ 2; 3 ], 1UL, "w")
            Expect.equal (List.ofSeq state.Names) [ "w"; "b"; "count" ] "in order"
            Expect.equal (state["w"].ToArray<float32>()) (Array.map float32 drawn) "w as drawn, rounded to f32"
            Expect.equal (state["b"].ToString()) "f32[1,3] 0 0 0" "b"
            Expect.equal (state["count"].ToString()) "i32[] 7" "count"
            Expect.isTrue (state.Contains "w" && not (state.Contains "v")) "contains"

        testCase "other leaves do not change what a leaf gets, another seed does"
        <| fun () ->
            let values (leaves: Expr list) seed =
                (ModelState.Initialise(leaves, seed)["w"]).ToDoubles()

            Expect.equal (values [ b; w; w ] 1UL) (values [ w ] 1UL) "alone or not"
            Expect.notEqual (values [ w ] 2UL) (values [ w ] 1UL) "by seed"

        testCase "a copy is its own, and copying back keeps every address"
        <| fun () ->
            let state = ModelState.Initialise([ w; count ], 1UL)
            let copy = state.Clone()
            let address = state["w"].Address
            let before = copy["w"].ToDoubles()
            state["w"].AsSpan<float32>().Fill 5.0f
            Expect.equal (copy["w"].ToDoubles()) before "the copy did not change"
            state.CopyFrom copy
            Expect.equal (state["w"].ToDoubles()) before "copied back"
            Expect.equal state["w"].Address address "in place"

        testCase "an unequal state is refused before anything is copied"
        <| fun () ->
            let first = Expr.Parameter("a", shape [ 1 ])
            let target = ModelState.Initialise([ first; w ], 1UL)

            let source = ModelState.Initialise([ first; b ], 1UL)
            source["a"].AsSpan<float32>()[0] <- 9.0f

            Expect.equal
                (messageOf<ShapeException>(fun () -> target.CopyFrom source))
                "state: both states must hold the same tensors; \"w\" is missing in the source and f32[2,3] here. Copy between states of one model."
                "the text"

            Expect.equal (target["a"].Item()) 0.0 "as it was"

        testCase "mistakes name the leaf"
        <| fun () ->
            let state = ModelState.Initialise([ w; b ], 1UL)

            Expect.equal
                (messageOf<KeyNotFoundException>(fun () -> state["v"] |> ignore))
                "state: \"v\" must be one of its names; it has w, b. Initialise it with the graph's leaves."
                "an unknown name"

            Expect.equal
                (messageOf<KeyNotFoundException>(fun () -> ModelState.Empty["v"] |> ignore))
                "state: \"v\" must be one of its names; it has none. Initialise it with the graph's leaves."
                "the empty state"

            Expect.equal
                (messageOf<GraphException>(fun () -> ModelState.Initialise([ Expr.Input("x", shape [ 1 ]) ], 1UL) |> ignore))
                "state: every leaf must be a parameter or a state; got input \"x\" : f32[1]. Bind inputs at the call instead."
                "an input"

            Expect.equal
                (messageOf<GraphException>(fun () -> ModelState.Initialise([ w; Expr.State("w", shape [ 2 ]) ], 1UL) |> ignore))
                "state: a name must mean one thing; \"w\" is parameter f32[2,3] and state f32[2]. Rename one."
                "two of a name"
    ]
