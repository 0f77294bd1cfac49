module Cv.Tests.TensorTests

open System
open System.Collections.Generic
open System.Buffers
open System.Numerics.Tensors
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open System.Threading.Tasks
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

/// What the mistake says, for an exception of this very type.
let messageOf<'exn when 'exn :> exn> (run: unit -> unit) =
    Expect.throwsC run (fun ex ->
        Expect.isTrue (ex :? 'exn) $"a {typeof<'exn>.Name}, not {ex.GetType().Name}: {ex.Message}"
        Mistakes.text ex)

let private dtypes = [ DType.F32; DType.F64; DType.I32; DType.Bool ]

let private roundTrips =
    testList "round trips" [
        testProperty "float, double, int and bool come back as they went in"
        <| fun (f: float32[]) (d: float[]) (i: int[]) (b: bool[]) ->
            let bits (values: float32[]) =
                values |> Array.map BitConverter.SingleToInt32Bits

            let wide (values: float[]) =
                values |> Array.map BitConverter.DoubleToInt64Bits

            Expect.equal (Tensor.From(f).ToArray<float32>() |> bits) (bits f) "float, to the bit"
            Expect.equal (Tensor.From(d).ToArray<float>() |> wide) (wide d) "double, to the bit"
            Expect.equal (Tensor.From(i).ToArray<int>()) i "int"
            Expect.equal (Tensor.From(b).ToArray<bool>()) b "bool"

        testCase "a table becomes rows and columns"
        <| fun () ->
            let table = Tensor.From(array2D [ [ 1.0f; 2.0f; 3.0f ]; [ 4.0f; 5.0f; 6.0f ] ])
            Expect.equal (table.ToString()) "f32[2,3] 1 2 3 4 5 6" "row-major"
            Expect.equal (Tensor.From(Array2D.zeroCreate<int> 0 3).Type.ToString()) "i32[0,3]" "no rows"

        testCase "long tensors print their beginning"
        <| fun () -> Expect.equal (Tensor.From([| 1..9 |]).ToString()) "i32[9] 1 2 3 4 5 6 7 8 ..." "eight elements"

        testCase "zeros are zeros in memory used before"
        <| fun () ->
            for dtype in dtypes do
                for _ in 1..3 do
                    use tensor = Tensor.Zeros(shape [ 5; 7 ], dtype)
                    Expect.all (tensor.ToDoubles()) ((=) 0.0) $"{dtype}"

                    match dtype with
                    | DType.F32 -> tensor.AsSpan<float32>().Fill 1.0f
                    | DType.F64 -> tensor.AsSpan<float>().Fill 1.0
                    | DType.I32 -> tensor.AsSpan<int>().Fill 1
                    | _ -> tensor.AsSpan<bool>().Fill true

        testProperty "a cast rounds, truncates or asks whether it is 0, as C# does"
        <| fun (values: int16[]) ->
            let halves = values |> Array.map (fun v -> float v / 2.0)
            let x = Tensor.From halves
            let to' dtype = x.Cast(dtype)

            Expect.equal (to'(DType.F32).ToArray<float32>()) (Array.map float32 halves) "f32"
            Expect.equal (to'(DType.F64).ToArray<float>()) halves "f64"
            Expect.equal (to'(DType.I32).ToArray<int>()) (Array.map int halves) "i32"
            Expect.equal (to'(DType.Bool).ToArray<bool>()) (Array.map ((<>) 0.0) halves) "bool"

            for dtype in dtypes do
                Expect.equal ((to' dtype).Cast(DType.F64).ToDoubles()) ((to' dtype).ToDoubles()) $"{dtype} back to f64"

        testCase "item is the one element, whatever the dtype"
        <| fun () ->
            Expect.equal (Tensor.Scalar(2.5f).Item()) 2.5 "f32"
            Expect.equal (Tensor.From([| 2.5 |]).Item()) 2.5 "f64"
            Expect.equal (Tensor.From([| -3 |]).Item()) -3.0 "i32"
            Expect.equal (Tensor.From([| true |]).Item()) 1.0 "bool"

        testCase "System.Numerics.Tensors reads and writes the same memory"
        <| fun () ->
            use x = Tensor.From(shape [ 2; 3 ], [| 1.0f .. 6.0f |])
            let span = x.AsTensorSpan<float32>()
            Expect.equal (span.Lengths.ToArray()) [| 2n; 3n |] "the same shape"

            span.Slice([| NRange(NIndex 1n, NIndex 2n); NRange(NIndex 1n, NIndex 3n) |]).Fill 7.0f
            |> ignore

            Expect.equal (x.ToString()) "f32[2,3] 1 2 3 4 7 7" "written through the span"

            let columns =
                span.Slice([| NRange(NIndex 0n, NIndex 2n); NRange(NIndex 0n, NIndex 2n) |])

            let copy = Tensor.FromTensorSpan<float32>(columns.AsReadOnlyTensorSpan())

            Expect.equal (copy.ToString()) "f32[2,2] 1 2 4 7" "strides are followed"
    ]

[<MethodImpl(MethodImplOptions.NoInlining)>]
let private spanOfForgotten () =
    Tensor.From([| 1.0f .. 1000.0f |]).AsSpan<float32>()

let private memory =
    testList "memory" [
        testProperty "every tensor starts on a line, and can be read 64 bytes past its end"
        <| fun (sizes: FsCheck.NonNegativeInt list) ->
            let tensors = [
                for size in sizes do
                    for dtype in dtypes -> Tensor.Uninitialised(shape [ size.Get ], dtype)
            ]

            for tensor in tensors do
                Expect.equal (tensor.Address % 64n) 0n $"{tensor.Type} is aligned"
                let past = tensor.Address + nativeint tensor.ByteSize

                for offset in 0n .. 63n do
                    Marshal.ReadByte(past + offset) |> ignore

            let spans =
                tensors
                |> List.map (fun t -> t.Address, t.Address + nativeint t.ByteSize + 64n)
                |> List.sort

            for (_, last), (first, _) in List.pairwise spans do
                Expect.isTrue (last <= first) "no two tensors overlap, slack included"

            tensors |> List.iter _.Dispose()

        testCase "a disposed tensor is refused, and disposing twice is harmless"
        <| fun () ->
            let x = Tensor.From [| 1.0f; 2.0f |]
            let other = Tensor.From [| 3.0f; 4.0f |]
            x.Dispose()
            x.Dispose()

            for run in
                [
                    (fun () -> x.Address |> ignore)
                    (fun () -> x.AsSpan<float32>().Length |> ignore)
                    (fun () -> x.ToDoubles() |> ignore)
                    (fun () -> x.Clone() |> ignore)
                    (fun () -> x.Cast DType.F64 |> ignore)
                    (fun () -> x.Cast DType.F32 |> ignore)
                    (fun () -> x.Reshape(shape [ 2; 1 ]) |> ignore)
                    (fun () -> x.First 1 |> ignore)
                    (fun () -> x.CopyFrom other)
                    (fun () -> other.CopyFrom x)
                    (fun () -> x.Clear())
                ] do
                Expect.throwsT<ObjectDisposedException> run "used after its end"

            Expect.equal (x.ToString()) "f32[2] (disposed)" "and it can still be printed"
            Expect.equal (other.ToDoubles()) [| 3.0; 4.0 |] "the other one is as it was"

        testCase "disposing twice does not give one block to two tensors"
        <| fun () ->
            for size in [ 3; 100; 1000; 70_000 ] do
                let x = Tensor.Zeros(shape [ size ])
                x.Dispose()
                x.Dispose()
                let a, b = Tensor.Zeros(shape [ size ]), Tensor.Zeros(shape [ size ])
                Expect.notEqual a.Address b.Address $"{size}"

        testCase "views share elements, and the memory lives until the last one is disposed"
        <| fun () ->
            let x = Tensor.From(shape [ 3; 2 ], [| 1.0f .. 6.0f |])
            let flat, top = x.Reshape(shape [ 6 ]), x.First 2
            flat.AsSpan<float32>()[0] <- 10.0f
            Expect.equal (x.ToString()) "f32[3,2] 10 2 3 4 5 6" "one memory"
            Expect.equal (top.ToString()) "f32[2,2] 10 2 3 4" "the first two rows"
            x.Dispose()
            flat.Dispose()
            let others = [ for _ in 1..10 -> Tensor.Zeros(shape [ 6 ]) ]
            Expect.equal (top.ToDoubles()) [| 10.0; 2.0; 3.0; 4.0 |] "still there"
            Expect.all others (fun t -> t.Address <> top.Address) "and nobody else's"

        // alone: a test beside it might take the block
        testSequenced
        <| testCase "memory comes back from the pool" (fun () ->
            let size = 1_234_567
            let x = Tensor.Zeros(shape [ size ])
            let address = x.Address
            x.Dispose()
            use y = Tensor.Zeros(shape [ size ])
            Expect.equal y.Address address "the same block")

        testCase "threads may make and dispose at once"
        <| fun () ->
            Parallel.For(
                0,
                8,
                fun worker ->
                    let random = Random worker
                    let held = Queue<struct (Tensor * float32)>()

                    for i in 1..2000 do
                        let tensor = Tensor.Uninitialised(shape [ random.Next(1, 300) ])
                        let mark = float32 (worker * 10_000 + i)
                        tensor.AsSpan<float32>().Fill mark
                        held.Enqueue(struct (tensor, mark))

                        if held.Count > 20 then
                            let struct (oldest, written) = held.Dequeue()

                            if not (Array.forall ((=) written) (oldest.ToArray<float32>())) then
                                failtest "another tensor wrote here"

                            oldest.Dispose()
            )
            |> ignore

        testCase "a span keeps the memory of a forgotten tensor"
        <| fun () ->
            let span = spanOfForgotten ()
            GC.Collect()
            GC.WaitForPendingFinalizers()
            let others = [ for _ in 1..50 -> Tensor.Zeros(shape [ 1000 ]) ]
            Expect.equal span[999] 1000.0f "unchanged"
            Expect.hasLength others 50 "made meanwhile"
    ]

let private mistakes =
    let x = Tensor.From(shape [ 2; 3 ], [| 1.0f .. 6.0f |])

    testList "mistakes" [
        for name, run, expected in
            [
                "another element type",
                (fun () -> x.AsSpan<float>().Length |> ignore),
                "tensor: a view must have the tensor's element type; got Double for f32[2,3]. Ask for float, or use Cast."
                "too few values",
                (fun () -> Tensor.From(shape [ 2; 3 ], [| 1; 2 |]) |> ignore),
                "tensor: values must fill the shape; got 2 for i32[2,3], which holds 6. Change the shape?"
                "a symbol",
                (fun () -> Tensor.Zeros(shapeOf [ Dim "N"; Dim 3 ]) |> ignore),
                "tensor: every dim must be a number; got f32[N,3]. Bind its symbols first: shape.Bind(...)."
                "no such element type",
                (fun () -> Tensor.From<byte>(shape [ 1 ], ReadOnlySpan [| 1uy |]) |> ignore),
                "tensor: elements must be float, double, int or bool; got Byte. Convert them first."
                "reshaped to another size",
                (fun () -> x.Reshape(shape [ 4 ]) |> ignore),
                "reshape: sizes must agree; got f32[2,3] with 6 elements for [4]. Give known dims whose product is 6."
                "copied from another shape",
                (fun () -> x.CopyFrom(Tensor.Zeros(shape [ 3; 2 ]))),
                "copy: dtype and shape must agree; got f32[3,2] for f32[2,3]. Use Cast or Reshape first."
                "more rows than there are",
                (fun () -> x.First 3 |> ignore),
                "first: the outermost axis must have at least that many entries; got 3 of f32[2,3]. Ask for fewer."
                "many elements as one",
                (fun () -> x.Item() |> ignore),
                "item: the tensor must hold one element; got f32[2,3] with 6. Index a span: AsSpan<T>()[i]."
            ] do
            testCase name
            <| fun () -> Expect.equal (messageOf<ShapeException> run) expected "the text"
    ]

[<Tests>]
let tests = testList "Tensor" [ roundTrips; memory; mistakes ]
