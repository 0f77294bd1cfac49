/// NaN and infinities through every compiled kernel, forward and back, as the interpreter has them; and large arrays on several threads.
module Cv.Tests.WildTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Tests.Cases
open Cv.Tests.Generators
open Expecto
open FsCheck
open FsCheck.FSharp

/// Numbers of which some are NaN or infinite. What meets the zeros of the padding, a filter or a result's cotangent, may spoil its neighbours there, or not (docs/SEMANTICS.md): so it
/// is finite.
let private wildly seed (y: Expr) (values: (string * float[]) list) =
    let random = Random(seed: int)

    let filters =
        set [
            for node in Expr.Nodes y do
                match node.Op with
                | :? Convolution ->
                    match node.Operands[1].Op with
                    | :? Named as leaf -> leaf.Id
                    | _ -> ()
                | _ -> ()
        ]

    values
    |> List.map (fun (name, numbers) ->
        name,
        if filters.Contains name then
            numbers
        else
            numbers
            |> Array.map (fun v ->
                match random.Next 8 with
                | 0 -> nan
                | 1 -> infinity
                | 2 -> -infinity
                | 3 -> 0.0
                | _ -> v))

let private kernels =
    testList "NaN and infinities through every kernel" [
        for op, cases in differentiable do
            for i, cases in List.indexed cases do
                testPropertyWithConfig
                    { FsCheckConfig.defaultConfig with maxTest = 12 }
                    (if i = 0 then op.Name else $"{op.Name} {i + 1}")
                    (Prop.forAll (Arb.zip (Arb.fromGen (Gen.map Case cases), seed)) (fun (case, seed) ->
                        let y = case.Y
                        let isPadded = Expr.Nodes y |> Seq.exists (fun n -> n.Op :? Convolution)

                        let leaves = [|
                            for _, leaf in Evaluate.named [ y ] |> List.distinct do
                                if leaf.DType.IsFloat() then
                                    leaf
                        |]

                        let weights = Expr.Input("weights", y.Shape, y.DType)
                        // a gradient by a filter multiplies what lies in the padding, by an infinity perhaps
                        let by = if isPadded then [||] else leaves

                        let outputs =
                            if by.Length = 0 then
                                [ y ]
                            else
                                y :: List.ofSeq (Gradient.Of((y * weights).Sum(), by, Unreached.Zero))

                        let values = wildly seed y (Evaluate.randomBindings seed (weights :: outputs))
                        let expected = Run.interpreted outputs values

                        for width in Run.widths do
                            let actual = Run.compiled width 1 outputs values
                            Expect.isTrue (Run.near 1e-10 actual expected) $"{width}: %A{actual}\nand interpreted %A{expected}\n{case}"))
    ]

/// One graph of every family of kernels, with more units of work than are handed out one by one.
let private large: (string * (unit -> Expr)) list =
    let x dims = Expr.Input("x", shape dims)

    [
        "a loop", (fun () -> (x [ 500_000 ]).Exp())
        "a loop of rows", (fun () -> (x [ 3000; 170 ]).Softmax())
        "a loop of two", (fun () -> (x [ 700; 701 ]) * (x [ 700; 701 ]).Tanh())
        "a sum of all", (fun () -> (x [ 500_001 ]).Sum())
        "a sum over the first axis", (fun () -> (x [ 5000; 101 ]).Sum 0)
        "a sum over the middle", (fun () -> (x [ 90; 60; 91 ]).Sum 1)
        "the largest", (fun () -> (x [ 5001; 100 ]).Max 1)
        "the place of the largest", (fun () -> (x [ 5001; 100 ]).ArgMax 1)
        "variance", (fun () -> (x [ 5001; 100 ]).Variance 0)
        "norm", (fun () -> (x [ 5001; 100 ]).Norm 1)
        "a product", (fun () -> (x [ 501; 300 ]).MatMul(Expr.Input("w", shape [ 300; 203 ])))
        "a product with an epilogue", (fun () -> (x [ 501; 300 ]).MatMul(Expr.Input("w", shape [ 300; 203 ])).Relu())
        "a narrow product", (fun () -> (x [ 20_001; 30 ]).MatMul(Expr.Input("w", shape [ 30; 3 ])))
        "a product of a transpose", (fun () -> (x [ 3000; 50 ]).T().MatMul(x [ 3000; 50 ]))
        "a convolution", (fun () -> (x [ 41; 16; 17; 5 ]).Conv2d(Expr.Input("w", shape [ 3; 3; 5; 7 ]), 1, Padding.Same))
        "a convolution's input", (fun () -> (x [ 41; 8; 8; 5 ]).ConvTranspose2d(Expr.Input("w", shape [ 3; 3; 6; 5 ]), 2, Padding.Same))
        "a convolution's filters",
        (fun () ->
            let images, w = x [ 41; 16; 17; 5 ], Expr.Input("w", shape [ 3; 3; 5; 7 ])
            Gradient.Of(images.Conv2d(w, 1, Padding.Same).Tanh().Sum(), w)[0])
        "a depthwise convolution", (fun () -> (x [ 41; 16; 17; 6 ]).Conv2d(Expr.Input("w", shape [ 3; 3; 1; 6 ]), 1, Padding.Same, 1, 6))
        "a pool", (fun () -> (x [ 41; 32; 33; 7 ]).MaxPool2d(Window(2, 2), Window(3, 2)))
        "a pool's input",
        (fun () ->
            let images = x [ 41; 32; 33; 7 ]
            Gradient.Of(images.MaxPool2d(Window(3, 2), Window(3, 2)).Tanh().Sum(), images)[0])
        "a pool's sum", (fun () -> (x [ 41; 32; 33; 7 ]).SumPool2d(Window(2, 2), Window(3, 2)))
        "a movement", (fun () -> (x [ 801; 603 ]).T())
        "a join", (fun () -> Expr.Concat(1, (x [ 801; 303 ]).Flip 1, (x [ 801; 303 ]).Pad(1, 2, 3)))
        "random numbers",
        (fun () ->
            (x [ 500_003 ])
            * Expr.Uniform(shape [ 500_003 ], Expr.Input("step", Shape.Scalar, DType.I32), 5u))
        "a scan",
        (fun () ->
            (Expr.Scan((x [ 3; 90_000 ]).Slice(0, 0, 1).Reshape(90_000), x [ 3; 90_000 ], (fun h v -> (h * 0.5f + v).Tanh()))).ToTuple()
            |> fst)
        "a cast", (fun () -> (x [ 500_001 ]).Cast(DType.F64).Sin().Cast DType.F32)
    ]

let private threads =
    testList "large arrays on 1, 2 and 3 threads have the same bits" [
        for name, make in large do
            testCase name (fun () ->
                let outputs = [ make () ]

                let values =
                    Evaluate.randomBindings 11 outputs
                    |> List.map (fun (n, v) -> n, Array.map (float32 >> float) v)

                let alone = Run.compiled VectorWidth.Auto 1 outputs values
                // every unit has run: no element is what another kernel left, or what the arena had
                let exact = Run.interpreted (outputs |> List.map _.WithDType(DType.F64)) values
                Expect.isTrue (Run.near 1e-3 alone exact) "as interpreted"

                for count in [ 2; 3 ] do
                    Expect.isTrue (Run.identical (Run.compiled VectorWidth.Auto count outputs values) alone) $"{count} threads")
    ]

[<Tests>]
let tests = testList "wild" [ kernels; threads ]
