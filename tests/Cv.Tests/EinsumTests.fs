/// Verbs over several axes: einsum, log-sum-exp, flip and crop, against loops over indices.
module Cv.Tests.EinsumTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Tests.ErrorTextTests
open Cv.Tests.Generators
open Cv.Tests.Reference
open Expecto
open FsCheck
open FsCheck.FSharp

let private same (a: Expr) (b: Expr) = obj.ReferenceEquals(a, b)
let private extents = dict [ 'a', 2; 'b', 3; 'c', 5; 'd', 1; 'e', 4 ]
let private dimsOf (term: string) = [ for label in term -> extents[label] ]

/// Every product of elements whose labels agree, added up where it belongs.
let private brute (terms: string list) (output: string) (values: float[] list) =
    let labels = String.Join("", terms) |> Seq.distinct |> List.ofSeq

    let place (term: string) (index: Map<char, int>) =
        term |> Seq.fold (fun at label -> at * extents[label] + index[label]) 0

    let result = Array.zeroCreate<float>(size (dimsOf output))

    for index in indices [ for label in labels -> extents[label] ] do
        let index = Map(List.zip labels index)

        let product =
            List.map2 (fun term (v: float[]) -> v[place term index]) terms values
            |> List.reduce (*)

        let at = place output index
        result[at] <- result[at] + product

    result

let private operands (terms: string list) =
    terms |> List.mapi (fun i term -> f64 $"p{i}" (dimsOf term)) |> Array.ofList

let private agrees seed (terms: string list) (output: string) equation =
    let y = Expr.Einsum(equation, operands terms)
    Expect.equal (known y.Shape) (dimsOf output) $"{equation}: shape"
    let values = numbers seed [ for term in terms -> size (dimsOf term) ]
    let bindings = values |> List.mapi (fun i v -> $"p{i}", v)
    let expected = [ brute terms output values ]
    Expect.isTrue (Run.near 1e-12 (Run.interpreted [ y ] bindings) expected) $"{equation}: interpreted"
    Expect.isTrue (Run.near 1e-12 (Run.compiled Run.widths[seed % 3] 2 [ y ] bindings) expected) $"{equation}: compiled"
    y

/// Terms of distinct labels, and a result of some of them.
let private equations =
    gen {
        let! count = Gen.choose (1, 3)

        let term =
            gen {
                let! labels = Gen.shuffle [| 'a' .. 'e' |]
                let! length = Gen.choose (0, 3)
                return String(Array.truncate length labels)
            }

        let! terms = Gen.listOfLength count term
        let! labels = Gen.shuffle (String.Join("", terms) |> Seq.distinct |> Array.ofSeq)
        let! length = Gen.choose (0, labels.Length)
        return terms, String(Array.truncate length labels)
    }

let private einsum =
    testList "einsum" [
        for terms, output in
            [
                [ "ab"; "bc" ], "ac"
                [ "ab"; "cb" ], "ac"
                [ "ba"; "bc" ], "ca"
                [ "ab" ], "ba"
                [ "ab" ], "a"
                [ "abc" ], ""
                [ "a"; "b" ], "ab"
                [ "a"; "a" ], ""
                [ "ab"; "ab" ], "ab"
                [ "eab"; "ebc" ], "eac"
                [ "eab"; "bc" ], "eac"
                [ "abc"; "abe" ], "ce"
                [ "ab"; "bc"; "ce" ], "ae"
                [ "ab"; "a"; "b" ], ""
                [ "abe"; "cb" ], "ca"
                [ "a"; "" ], "a"
            ] do
            let equation = String.Join(",", terms) + "->" + output

            testCase equation
            <| fun () -> Differences.check 1 (agrees 1 terms output equation)

        testProperty "any equation"
        <| Prop.forAll (Arb.zip (Arb.fromGen equations, seed)) (fun ((terms, output), seed) ->
            agrees seed terms output (String.Join(",", terms) + "->" + output) |> ignore)

        testCase "without an arrow: what stands once, in the order of the alphabet"
        <| fun () ->
            agrees 1 [ "cb"; "ba" ] "ac" "cb,ba" |> ignore
            agrees 1 [ "ab"; "ab" ] "" " a b , a b " |> ignore

        testCase "of matrices: the primitive alone"
        <| fun () ->
            let a, b = f64 "a" [ 2; 3 ], f64 "b" [ 3; 5 ]
            Expect.isTrue (same (Expr.Einsum("ij,jk->ik", a, b)) (a.MatMul b)) "matmul"
            Expect.isTrue (same (Expr.Einsum("ij->ji", a)) (a.T())) "transpose"
            Expect.isTrue (same (Expr.Einsum("ij->ij", a)) a) "nothing"
            Expect.isTrue (same (Expr.Einsum("ij,kj->ik", a, f64 "c" [ 5; 3 ])) (a.MatMul((f64 "c" [ 5; 3 ]).T()))) "by the transpose"

        for equation, dims, expected in
            [
                "nij,jk->nik", [ [ Dim "N"; Dim 2; Dim 3 ]; [ Dim 3; Dim 5 ] ], "[N,2,5]"
                "nij,nik->jk", [ [ Dim "N"; Dim 2; Dim 3 ]; [ Dim "N"; Dim 2; Dim 5 ] ], "[3,5]"
                "ni,nj->ij", [ [ Dim "N"; Dim 2 ]; [ Dim "N"; Dim 3 ] ], "[2,3]"
                "nhi,nhj->nhij", [ [ Dim "N"; Dim "H"; Dim 2 ]; [ Dim "N"; Dim "H"; Dim 3 ] ], "[N,H,2,3]"
                "nhi,ij->nhj", [ [ Dim "N"; Dim "H"; Dim 2 ]; [ Dim 2; Dim 3 ] ], "[N,H,3]"
                "ij,nhj->nih", [ [ Dim 5; Dim 3 ]; [ Dim "N"; Dim "H"; Dim 3 ] ], "[N,5,H]"
            ] do
            testCase $"symbols: {equation}"
            <| fun () ->
                let inputs =
                    dims |> List.mapi (fun i dims -> Expr.Input($"p{i}", shapeOf dims, DType.F64))

                let y = Expr.Einsum(equation, Array.ofList inputs)
                Expect.equal (y.Shape.ToString()) expected "shape"
                let bound = readOnlyDict [ "N", 4; "H", 7 ]
                let known = [| for input in inputs -> input.Bind bound |]
                let values = Evaluate.randomBindings 1 (List.ofArray known)

                Expect.isTrue
                    (Run.near
                        1e-12
                        (Run.compiled VectorWidth.Bits256 1 [ y.Bind bound ] values)
                        (Run.interpreted [ Expr.Einsum(equation, known) ] values))
                    "as with numbers"
    ]

let private mistakes =
    let a, b = x [ 2; 3 ], x [ 3; 4 ]

    refusals "mistakes" [
        "two arrows",
        (fun () -> Expr.Einsum("ij->ik->jk", a)),
        "einsum: there must be terms for the operands, and one arrow at most; got 1 operands in \"ij->ik->jk\". Write \"ij,jk->ik\", say."

        "no operands",
        (fun () -> Expr.Einsum "ij->i"),
        "einsum: there must be terms for the operands, and one arrow at most; got 0 operands in \"ij->i\". Write \"ij,jk->ik\", say."

        "a term too few",
        (fun () -> Expr.Einsum("ij->i", a, b)),
        "einsum: each operand must have a term; got 1 terms for 2 operands in \"ij->i\". Part them by commas."

        "a letter too few",
        (fun () -> Expr.Einsum("i,jk->ik", a, b)),
        "einsum: a term must have a letter for each axis; got \"i\" for f32[2,3] in \"i,jk->ik\". Add or drop letters."

        "an ellipsis", (fun () -> Expr.Einsum("..->.", a)), "einsum: labels must be letters; got '.' in \"..->.\". Write every axis out."

        "a trace",
        (fun () -> Expr.Einsum("ii->", x [ 3; 3 ])),
        "einsum: a label may stand once in a term; got 'i' twice in \"ii\" in \"ii->\". For a diagonal, mask it: Select(rows.EqualTo(columns), x, 0), of two Iotas."

        "extents that differ",
        (fun () -> Expr.Einsum("ij,ik->jk", a, b)),
        "einsum: a label must mean one extent; got 'i' for 2 and, in f32[3,4], for 3 in \"ij,ik->jk\". Slice or rename one."

        "a result of another label",
        (fun () -> Expr.Einsum("ij->ik", a)),
        "einsum: the result's labels must stand in a term, and once in the result; got 'k' in \"ik\" in \"ij->ik\". Drop it."

        "a result that repeats one",
        (fun () -> Expr.Einsum("ij->ii", a)),
        "einsum: the result's labels must stand in a term, and once in the result; got 'i' in \"ii\" in \"ij->ii\". Drop it."

        "integers",
        (fun () -> Expr.Einsum("i->", i32 [ 3 ])),
        "einsum: operands must be f32 or f64; got i32[3]. Cast first: .Cast(DType.F32)?"

        "a flip of no axis",
        (fun () -> (x [ 2; 3 ]).Flip 2),
        "flip: the axis must be one of 2 dims of [2,3]; got 2. Axes count from 0, or from -1 at the end."

        "a crop of rows",
        (fun () -> (batch [ 3 ]).Crop(0, 0, 1, 1)),
        "crop: images must be [N, H, W, C] with H and W known; got f32[N,3]. Reshape them, or give both dims numbers."

        "a crop past the edge",
        (fun () -> (batch [ 32; 32; 3 ]).Crop(8, 2, 28, 28)),
        "crop: the rectangle must lie in an image of 32 x 32; got 28 x 28 from (8, 2). Pad the images first, or take less."

        "the log-sum-exp of integers",
        (fun () -> (i32 [ 3 ]).LogSumExp()),
        "log_sum_exp: operands must be f32 or f64; got i32[3]. Cast first: .Cast(DType.F32)?"
    ]

let private logSumExp =
    let x = f64 "x" [ 2; 3 ]

    let is name (values: float list) (expected: float list) =
        testCase name
        <| fun () ->
            let bindings = [ "x", Array.ofList values ]

            for dtype, digits in [ DType.F64, 1e-12; DType.F32, 1e-6 ] do
                let y = [ x.LogSumExp(-1).WithDType dtype ]
                Expect.isTrue (Run.near digits (Run.interpreted y bindings) [ Array.ofList expected ]) "interpreted"
                Expect.isTrue (Run.near digits (Run.compiled VectorWidth.Auto 1 y bindings) [ Array.ofList expected ]) "compiled"

    testList "log-sum-exp" [
        is "of small numbers" [ 0.0; 0.0; 0.0; log 1.0; log 2.0; log 3.0 ] [ log 3.0; log 6.0 ]
        is "of large ones" [ 1000.0; 1000.0; 1000.0; -1000.0; -1000.0; -1000.0 ] [ 1000.0 + log 3.0; -1000.0 + log 3.0 ]
        is "of infinities" [ -infinity; -infinity; -infinity; infinity; 0.0; 1.0 ] [ -infinity; infinity ]
        is "of one infinity" [ -infinity; 0.0; 0.0; nan; 0.0; 1.0 ] [ log 2.0; nan ]

        for axes in [ []; [ 0 ]; [ 1 ]; [ -1; 0 ] ] do
            testCase $"along {axes}: shapes and gradient"
            <| fun () ->
                let axes = Array.ofList axes
                Expect.equal (x.LogSumExp axes).Shape (x.Sum axes).Shape "axes vanish"
                Expect.equal (x.LogSumExp(axes, true)).Shape (x.Sum(axes, true)).Shape "axes stay"
                Differences.check 1 (x.LogSumExp axes)
                Differences.check 2 (x.LogSumExp(axes, true))

        testCase "the gradient is the softmax"
        <| fun () ->
            let gradient = Cv.Compiler.Gradient.Of(x.LogSumExp(-1).Sum(), x)[0]
            let bindings = Evaluate.randomBindings 1 [ x ]

            match Run.interpreted [ gradient; x.Softmax() ] bindings with
            | [ g; p ] -> Expect.isTrue (Run.near 1e-15 [ g ] [ p ]) "softmax"
            | _ -> failtest "two"
    ]

let private movements =
    testList "flip and crop" [
        for dims in [ [ 5 ]; [ 3; 4 ]; [ 2; 3; 4; 5 ] ] do
            for axis in 0 .. dims.Length - 1 do
                testCase $"flip axis {axis} of {dims}"
                <| fun () ->
                    let x = f64 "x" dims
                    let bindings = Evaluate.randomBindings 1 [ x ]
                    let values = snd bindings.Head

                    let expected =
                        tensor dims (fun index -> element dims values (List.updateAt axis (dims[axis] - 1 - index[axis]) index))

                    Expect.sequenceEqual (Run.interpreted [ x.Flip axis ] bindings).Head expected "interpreted"

                    for threads in [ 1; 2 ] do
                        Expect.sequenceEqual (Run.compiled VectorWidth.Auto threads [ x.Flip axis ] bindings).Head expected "compiled"

        testCase "a flip of a flip is none"
        <| fun () ->
            let x = f64 "x" [ 2; 3 ]
            let twice = x.Flip(1).Flip(1)
            Expect.isTrue (same (twice.Op.Simplify twice |> nonNull) x) "gone"
            let other = x.Flip(1).Flip(0)
            Expect.isNull (other.Op.Simplify other) "of another axis, two"

        testCase "a crop"
        <| fun () ->
            let dims = [ 2; 5; 6; 3 ]
            let x = f64 "x" dims
            let y = x.Crop(1, 2, 3, 4)
            let bindings = Evaluate.randomBindings 1 [ x ]

            let expected =
                tensor [ 2; 3; 4; 3 ] (fun index -> element dims (snd bindings.Head) [ index[0]; index[1] + 1; index[2] + 2; index[3] ])

            Expect.sequenceEqual (Run.compiled VectorWidth.Auto 1 [ y ] bindings).Head expected "rows 1 to 3, columns 2 to 5"
            Differences.check 1 y
            let model = Model.Input(32, 32, 3).Crop(2, 2, 28, 28)
            Expect.equal (model.Output.Type.ToString()) "f32[N,28,28,3]" "of a model"
    ]

[<Tests>]
let tests = testList "verbs" [ einsum; logSumExp; movements; mistakes ]
