/// What a call checks, and what it never does: a wrong binding is named, and a compiled function's memory is safe from its caller.
module Cv.Tests.CallTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

let private x = Expr.Input("x", shapeOf [ Dim "N"; Dim 3 ])
let private labels = Expr.Input("labels", shapeOf [ Dim "N" ], DType.I32)
let private w = Expr.Parameter("w", shape [ 3; 2 ])
let private loss = x.MatMul(w).SoftmaxCrossEntropy(labels)
let private classifier = Compile.Function(Graph(loss))
let private state = ModelState.Initialise([ w ], 1UL)

let private floats dims (values: float32 list) =
    Tensor.From(shape dims, Array.ofList values)

let private ints dims (values: int list) =
    Tensor.From(shape dims, Array.ofList values)

let private images = floats [ 2; 3 ] [ 1f; 2f; 3f; 4f; 5f; 6f ]
let private right = ints [ 2 ] [ 0; 1 ]

let private refusal name (run: unit -> unit) expected =
    testCase name (fun () ->
        Expect.throwsC run (fun ex ->
            Expect.isTrue (ex :? BindingException) $"a BindingException, not {ex.GetType().Name}: {ex.Message}"
            Expect.equal (Mistakes.text ex) expected "the text"))

let private call (bindings: (string * Tensor) list) () =
    classifier.Call(state, [| for name, value in bindings -> Binding(name, value) |])
    |> ignore

[<Tests>]
let refusals =
    testList "call refuses" [
        refusal
            "an input that the graph has not"
            (call [ "x", images; "lables", right ])
            "call: \"lables\" is not an input; the inputs are \"x\", \"labels\". Correct the name, or drop the binding."
        refusal
            "an input that is left out"
            (call [ "x", images ])
            "call: input \"labels\" must be bound, to i32[N]; it is not. Add new Binding(\"labels\", ...)."
        refusal
            "an input bound twice"
            (call [ "x", images; "x", images; "labels", right ])
            "call: input \"x\" may be bound once; got it twice. Drop one binding."
        refusal
            "a wrong shape"
            (call [ "x", floats [ 3; 2 ] [ 1f; 2f; 3f; 4f; 5f; 6f ]; "labels", right ])
            "call: input \"x\" must be f32[N,3]; got f32[3,2]. Cast or reshape the tensor."
        refusal
            "a wrong dtype"
            (call [ "x", images.Cast DType.F64; "labels", right ])
            "call: input \"x\" must be f32[N,3]; got f64[2,3]. Cast or reshape the tensor."
        refusal
            "batches of two sizes"
            (call [ "x", images; "labels", ints [ 3 ] [ 0; 1; 1 ] ])
            "call: input \"labels\" must agree on N with the inputs before it; got i32[3], where N is 2. Give batches of one size."
        refusal
            "a label out of range"
            (call [ "x", images; "labels", ints [ 2 ] [ 0; 2 ] ])
            "call: input \"labels\" must hold labels 0 to 1; got 2 at index 1. Number the classes from 0."
        refusal
            "a negative label"
            (call [ "x", images; "labels", ints [ 2 ] [ -1; 0 ] ])
            "call: input \"labels\" must hold labels 0 to 1; got -1 at index 0. Number the classes from 0."
        refusal
            "a label that is NaN"
            (call [ "x", images; "labels", floats [ 2 ] [ 0f; nanf ] ])
            "call: input \"labels\" must hold whole numbers; got NaN at index 1. Clean the labels."
        refusal
            "a state without the parameter"
            (fun () ->
                classifier.Call(ModelState.Empty, Binding("x", images), Binding("labels", right))
                |> ignore)
            "call: the state must hold parameter \"w\"; it does not. Initialise it with the graph's leaves."
        refusal
            "a state of another model"
            (fun () ->
                use other = ModelState.Initialise([ Expr.Parameter("w", shape [ 3; 4 ]) ], 1UL)
                classifier.Call(other, Binding("x", images), Binding("labels", right)) |> ignore)
            "call: parameter \"w\" must be f32[3,2]; the state holds f32[3,4]. Initialise it with this graph's leaves."
    ]

[<Tests>]
let memory =
    testList "call keeps memory safe" [
        testCase "labels may come as whole floats" (fun () ->
            let exact =
                classifier.Call(state, Binding("x", images), Binding("labels", right)).[0].Item()

            let same =
                classifier.Call(state, Binding("x", images), Binding("labels", right.Cast DType.F32)).[0].Item()

            Expect.equal same exact "the loss")
        testCase "a disposed state is refused, not written to" (fun () ->
            let gone = ModelState.Initialise([ w ], 1UL)
            classifier.Call(gone, Binding("x", images), Binding("labels", right)) |> ignore
            gone.Dispose()

            Expect.throwsT<ObjectDisposedException>
                (fun () -> classifier.Call(gone, Binding("x", images), Binding("labels", right)) |> ignore)
                "the call")
        testCase "an output may be the next call's input" (fun () ->
            let v = Expr.Input("v", shape [ 5 ])
            let next = Compile.Function(v * 2.0f + v.Sum())
            let mutable value = floats [ 5 ] [ 1f; 2f; 3f; 4f; 5f ]
            let mutable expected = value.ToDoubles()

            for _ in 1..3 do
                value <- next.Call(Binding("v", value)).[0]
                let sum = Array.sum expected
                expected <- expected |> Array.map (fun e -> 2.0 * e + sum)

            Expect.equal (value.ToDoubles()) expected "three rounds")
        testCase "each size of batch has code of its own" (fun () ->
            for n in [ 1; 4; 2; 4; 7 ] do
                let batch = floats [ n; 3 ] (List.init (3 * n) float32)

                let one =
                    classifier.Call(state, Binding("x", batch), Binding("labels", ints [ n ] (List.replicate n 1))).[0].Item()

                let graph = Graph(loss)

                let slow =
                    Interpreter.Run(graph, state, Binding("x", batch), Binding("labels", ints [ n ] (List.replicate n 1))).[0].Item()

                Expect.floatClose Accuracy.medium one slow $"the loss of {n}")
        testCase "two leaves may not share a name" (fun () ->
            Expect.throwsC
                (fun () ->
                    Compile.Function(Expr.Input("x", shape [ 2 ]), Expr.Input("x", shape [ 3 ]))
                    |> ignore)
                (fun ex ->
                    Expect.equal
                        (Mistakes.text ex)
                        "graph: a name must mean one thing; \"x\" is input f32[2] and input f32[3]. Rename one."
                        "the text"))
    ]
