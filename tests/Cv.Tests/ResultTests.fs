/// Whose memory a call reads and writes: results belong to the caller, what is overwritten is copied, and what is disposed is noticed before a call or
/// kept until its end.
module Cv.Tests.ResultTests

open System
open System.Threading
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Cv.Tests.Hooks
open Expecto

let private floats dims (values: float32 list) =
    Tensor.From(shape dims, Array.ofList values)

let private numbers (tensor: Tensor) = List.ofArray (tensor.ToDoubles())

let private stateOf (name: string) (tensor: Tensor) =
    new ModelState([ System.Collections.Generic.KeyValuePair(name, tensor) ])

let private w = Expr.Parameter("w", shape [ 4 ])
let private x = Expr.Input("x", shape [ 4 ])
let private half = Expr.Const 0.5

/// Tensors that would take memory which was given back too early, and what became of them.
let private fill () = [ for _ in 1..64 -> Tensor.Zeros(shape [ 4 ]) ]

let private untouched others =
    for other in others do
        Expect.equal (numbers other) [ 0.0; 0.0; 0.0; 0.0 ] "another's tensor"

let private outputs = [
    "of a parameter", (w * 3.0f)
    "that is a parameter", w
    "of an input", (x + 1.0f)
    "that is an input", x
    "that is a constant", Expr.Const(5.0).BroadcastTo(shape [ 4 ])
    "that counts", Expr.Iota(shape [ 4 ], 0)
]

let private bindings (f: CompiledFunction) =
    [| Binding("x", floats [ 4 ] [ 1f; 2f; 3f; 4f ]) |]
    |> Array.filter (fun _ -> f.Inputs.Count > 0)

[<Tests>]
let results =
    testList "results belong to the caller" [
        for name, output in outputs do
            testCase $"disposing one {name} harms nothing"
            <| fun () ->
                let f = Compile.Function output
                use state = stateOf "w" (floats [ 4 ] [ 4f; 3f; 2f; 1f ])
                let input = bindings f
                let first = f.Call(state, input)[0]
                let expected = numbers first
                first.Dispose()
                let others = fill ()
                let second = f.Call(state, input)[0]
                Expect.equal (numbers second) expected "the numbers"
                untouched others
                // writing to a result reaches neither the state nor the input nor a constant nor another result
                second.Clear()
                Expect.equal (numbers (f.Call(state, input)[0])) expected "once more"
                Expect.equal (numbers state["w"]) [ 4.0; 3.0; 2.0; 1.0 ] "the state"

        testCase "one call's results stay when the next call runs"
        <| fun () ->
            let f = Compile.Function(Expr.Input("v", shapeOf [ Dim "N" ]) * 2.0f)

            let all = [ for i in 1..20 -> i, f.Call(Binding("v", floats [ 3 ] [ float32 i; 1f; 2f ]))[0] ]

            for i, result in all do
                Expect.equal (numbers result) [ 2.0 * float i; 2.0; 4.0 ] $"call {i}"

        testCase "outputs that are one node are two results"
        <| fun () ->
            let y = (x * 2.0f).Tanh()

            let results =
                Compile.Function(y, y).Call(Binding("x", floats [ 4 ] [ 1f; 2f; 3f; 4f ]))

            results[0].Clear()
            Expect.equal (numbers results[1]).[0] (float (MathF.Tanh 2f)) "the other"
    ]

/// 100 x 100: large enough for a kernel that writes while it still reads, were it not for the copy.
let private side = 100
let private m = Expr.Parameter("m", shape [ side; side ])
let private a = Expr.Input("a", shape [ side; side ])

let private square seed =
    let noise = RandomStream(seed, "square")
    Tensor.From(shape [ side; side ], Array.init (side * side) (fun i -> float32 (noise.Uniform(int64 i)) - 0.5f))

/// The state after an update of m, when the input is a copy, and when it is the state's own memory.
let private bound (next: Expr) (view: Tensor -> Tensor) =
    let f = Compile.Function(graphOf [] [ Update(m, next) ])

    let after apart =
        use state = stateOf "m" (square 1UL)
        use seen = view state["m"]
        use input = if apart then seen.Clone() else seen.Reshape seen.Shape
        f.Call(state, Binding("a", input)) |> ignore
        numbers state["m"]

    after true, after false

let private views = [
    "itself", (fun (t: Tensor) -> t.Reshape t.Shape)
    "a reshape of it", (fun t -> t.Reshape(shape [ side / 2; 2 * side ]))
    "its first rows", (fun t -> t.First 50)
]

[<Tests>]
let overwritten =
    testList "what a call would overwrite is copied" [
        for name, view in views do
            testCase $"the state's tensor as an input: {name}"
            <| fun () ->
                use whole = square 1UL
                use seen = view whole
                let input = Expr.Input("a", seen.Shape)

                let square =
                    if seen.Shape = whole.Shape then
                        input
                    else
                        Expr.Concat(0, Array.create (whole.Size / seen.Size) input).Reshape(whole.Shape)

                for next in [ m.MatMul square; square * (m / 2.0f).Sum(); square.T() + m ] do
                    let apart, own = bound next view
                    Expect.equal own apart $"%O{next}"

        testCase "a result as the next input, and an input as the result"
        <| fun () ->
            let f = Compile.Function(a.MatMul a)
            use first = square 2UL
            let plain = f.Call(Binding("a", f.Call(Binding("a", first))[0]))[0]
            use over = first.Clone()
            f.CallInto([| over |], Binding("a", over))
            f.CallInto([| over |], Binding("a", over))
            Expect.equal (numbers over) (numbers plain) "in place"

        testCase "a view of an input as the result"
        <| fun () ->
            let f =
                Compile.Function(
                    a.Sum(1).Reshape(shape [ side; 1 ]).MatMul(a.Sum(0).Reshape(shape [ 1; side ]))
                    + a.T()
                )

            use first = square 3UL
            let plain = f.Call(Binding("a", first))[0]
            use seen = first.Reshape first.Shape
            f.CallInto([| seen |], Binding("a", first))
            Expect.equal (numbers first) (numbers plain) "in place"
    ]

let private step =
    let loss = (w * x).Sum()
    Compile.Function(graphOf [ loss ] [ Update(w, w - half * x) ])

let private refusedInto name (results: ModelState -> Tensor array) expected =
    testCase name
    <| fun () ->
        use state = stateOf "w" (floats [ 4 ] [ 4f; 3f; 2f; 1f ])
        use input = floats [ 4 ] [ 1f; 1f; 1f; 1f ]

        let f = Compile.Function(graphOf [ w * x; w + x ] [ Update(w, w - half * x) ])

        Expect.throwsC (fun () -> f.CallInto(state, results state, Binding("x", input))) (fun ex ->
            Expect.isTrue (ex :? BindingException) $"a BindingException, not {ex.GetType().Name}: {ex.Message}"
            Expect.equal (Mistakes.text ex) expected "the text")

        Expect.equal (numbers state["w"]) [ 4.0; 3.0; 2.0; 1.0 ] "the state"

let private zeros () = Tensor.Zeros(shape [ 4 ])

[<Tests>]
let into =
    testList "call into" [
        testCase "writes to the caller's tensors"
        <| fun () ->
            use state = stateOf "w" (floats [ 4 ] [ 4f; 3f; 2f; 1f ])
            use loss = Tensor.Zeros(Shape.Scalar)
            step.CallInto(state, [| loss |], Binding("x", floats [ 4 ] [ 1f; 1f; 1f; 2f ]))
            Expect.equal (loss.Item()) 11.0 "the loss"
            Expect.equal (numbers state["w"]) [ 3.5; 2.5; 1.5; 0.0 ] "the state"

        refusedInto
            "refuses too few"
            (fun _ -> [| zeros () |])
            "call: there must be a tensor for each result; got 1 for 2. Make them of the types of Outputs."
        refusedInto
            "refuses another type"
            (fun _ -> [| zeros (); Tensor.Zeros(shape [ 2; 2 ]) |])
            "call: the tensor for result 1 must be f32[4]; got f32[2,2]. Make one: Tensor.Zeros(shape, dtype)."
        refusedInto
            "refuses null"
            (fun _ -> [| zeros (); Unchecked.defaultof<Tensor> |])
            "call: the tensor for result 1 must be f32[4]; got null. Make one: Tensor.Zeros(shape, dtype)."
        refusedInto
            "refuses one tensor twice"
            (fun _ ->
                let one = zeros ()
                [| one; one |])
            "call: the tensor for result 1 must have memory of its own; it shares that of the tensor for result 0. Give another tensor, and copy afterwards: CopyFrom."
        refusedInto
            "refuses views of one tensor"
            (fun _ ->
                let one = Tensor.Zeros(shape [ 8 ])
                [| one.First 4; one.First 4 |])
            "call: the tensor for result 1 must have memory of its own; it shares that of the tensor for result 0. Give another tensor, and copy afterwards: CopyFrom."
        refusedInto
            "refuses the state's memory"
            (fun state -> [| zeros (); state["w"].Reshape(shape [ 4 ]) |])
            "call: parameter \"w\" must have memory of its own; it shares that of the tensor for result 1. Give another tensor, and copy afterwards: CopyFrom."
    ]

let private disposedBefore name (dispose: ModelState -> Tensor -> Tensor -> unit) about =
    testCase name
    <| fun () ->
        let state = stateOf "w" (floats [ 4 ] [ 4f; 3f; 2f; 1f ])
        let input = floats [ 4 ] [ 1f; 1f; 1f; 1f ]
        let loss = Tensor.Zeros(Shape.Scalar)
        // the addresses are known from here on
        step.CallInto(state, [| loss |], Binding("x", input))
        let before = numbers state["w"]
        dispose state input loss
        let others = fill ()

        Expect.throwsC (fun () -> step.CallInto(state, [| loss |], Binding("x", input))) (fun ex ->
            Expect.isTrue (ex :? ObjectDisposedException) $"an ObjectDisposedException, not %O{ex}"
            Expect.stringContains ex.Message about "the name")

        untouched others

        match about with
        | "parameter \"w\"" -> ()
        | _ -> Expect.equal (numbers state["w"]) before "the state"

/// A call in whose middle all its tensors are disposed, and others are made where they were.
let private disposedDuring () =
    let size = 300_007
    let mutable act = ignore
    let v = Expr.Input("v", shape [ size ])
    let p = Expr.Parameter("p", shape [ size ])
    let middle = hook "dispose" (fun _ -> act ()) (v.Slice(0, 0, 1))

    let f =
        Compile.Function(graphOf [ (p * v).Sum(); v + middle.BroadcastTo(v.Shape) ] [ Update(p, p + v * middle.BroadcastTo(v.Shape)) ])

    let ones () =
        Tensor.From(shape [ size ], Array.create size 1f)

    let state = stateOf "p" (ones ())
    let input, result = ones (), ones ()
    let address = state["p"].Address
    let mutable others = []

    act <-
        fun () ->
            let thread =
                Thread(fun () ->
                    state.Dispose()
                    input.Dispose()
                    result.Dispose()
                    others <- [ for _ in 1..8 -> Tensor.Zeros(shape [ size ]) ])

            thread.Start()
            thread.Join()

    use sum = Tensor.Zeros(Shape.Scalar)
    f.CallInto(state, [| sum; result |], Binding("v", input))
    act <- ignore
    Expect.equal (sum.Item()) (float size) "the sum"

    for other in others do
        Expect.isTrue (Array.forall ((=) 0f) (other.ToArray<float32>())) "another's tensor"

    Expect.isFalse (others |> List.exists (fun other -> other.Address = address)) "its memory is its own until the end"
    // and goes back then
    let later = [ for _ in 1..8 -> Tensor.Zeros(shape [ size ]) ]
    Expect.isTrue (later |> List.exists (fun t -> t.Address = address)) "the memory is used again"

    for tensor in others @ later do
        tensor.Dispose()

[<Tests>]
let disposed =
    testList "what is disposed" [
        disposedBefore "an input, before a call" (fun _ input _ -> input.Dispose()) "input \"x\""
        disposedBefore "a state, before a call" (fun state _ _ -> state.Dispose()) "parameter \"w\""
        disposedBefore "a state's tensor, before a call" (fun state _ _ -> state["w"].Dispose()) "parameter \"w\""
        disposedBefore "a result's tensor, before a call" (fun _ _ loss -> loss.Dispose()) "the tensor for result 0"

        testSequenced (testCase "everything, during a call: it ends well, and only then is the memory used again" disposedDuring)

        testCase "a call that throws gives everything back"
        <| fun () ->
            let failing = hook "fail" (fun _ -> failwith "no")
            let f = Compile.Function(graphOf [ failing x ] [ Update(w, w + x) ])
            use state = stateOf "w" (floats [ 4 ] [ 4f; 3f; 2f; 1f ])
            use input = floats [ 4 ] [ 1f; 1f; 1f; 1f ]

            for _ in 1..3 do
                Expect.throws (fun () -> f.Call(state, Binding("x", input)) |> ignore) "the op's own error"
            // were it still claimed, this would wait for ever
            use copy = state.Clone()
            state.CopyFrom copy
            step.Call(state, Binding("x", input)) |> ignore

        testCase "a view made while another thread disposes is whole or refused"
        <| fun () ->
            for _ in 1..200 do
                let tensor = Tensor.From(shape [ 64 ], Array.create 64 7f)
                use start = new Barrier(2)

                let disposing =
                    Thread(fun () ->
                        start.SignalAndWait()
                        tensor.Dispose()
                        use other = Tensor.Zeros(shape [ 64 ])
                        ())

                disposing.Start()
                start.SignalAndWait()

                try
                    use view = tensor.First 8
                    Expect.isTrue (view.ToArray<float32>() |> Array.forall ((=) 7f)) "the view's numbers"
                    use other = Tensor.Zeros(shape [ 64 ])
                    Expect.notEqual other.Address view.Address "memory of two"
                with :? ObjectDisposedException ->
                    ()

                disposing.Join()
    ]

[<Tests>]
let large =
    testList "too much memory is refused in words" [
        testCase "an arena beyond 16 GB, with its largest buffers"
        <| fun () ->
            let n = 46_000

            let a, b =
                Expr.Input("a", shape [ n; 1 ], DType.F64), Expr.Input("b", shape [ 1; n ], DType.F64)

            let one, two = a.MatMul b, b.T().MatMul(a.T())
            let f = Compile.Function(one.MatMul(two).Tanh().MatMul a)
            use column = Tensor.Zeros(shape [ n; 1 ], DType.F64)
            use row = Tensor.Zeros(shape [ 1; n ], DType.F64)

            Expect.throwsC (fun () -> f.Call(Binding("a", column), Binding("b", row)) |> ignore) (fun ex ->
                let text = Mistakes.text ex
                Expect.isTrue (ex :? GraphException) $"a GraphException, not %O{ex}"
                Expect.stringContains text "what lives between kernels must fit in 17179868288 bytes; it takes " "rule and facts"
                Expect.stringContains text "matmul : f64[46000,46000] (16928000000)" "the largest"
                Expect.stringContains text "Give smaller batches" "the fix")

        testCase "a result beyond 16 GB"
        <| fun () ->
            let f =
                Compile.Function(Expr.Input("s", Shape.Scalar, DType.F64).BroadcastTo(shape [ Int32.MaxValue ]))

            Expect.throwsC (fun () -> f.Call(Binding("s", Tensor.From(Shape.Scalar, [| 1.0 |]))) |> ignore) (fun ex ->
                Expect.isTrue (ex :? GraphException) $"a GraphException, not %O{ex}"
                Expect.stringContains (Mistakes.text ex) "a result must fit in 17179868288 bytes" "the text")

        testCase "a tensor beyond 16 GB"
        <| fun () ->
            Expect.throwsC (fun () -> Tensor.Uninitialised(shape [ Int32.MaxValue ], DType.F64) |> ignore) (fun ex ->
                Expect.isTrue (ex :? ShapeException) $"a ShapeException, not %O{ex}"

                Expect.stringStarts
                    (Mistakes.text ex)
                    "tensor: the elements must take at most 17179868352 bytes; got f64[2147483647] with 17179869176."
                    "the text")
    ]
