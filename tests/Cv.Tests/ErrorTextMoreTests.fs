/// The same for ops that move elements, for labels, and for leaves.
module Cv.Tests.ErrorTextMoreTests

open Cv.Dsl
open Cv.Tests.ErrorTextTests
open Cv.Tests.Generators
open Expecto

let private movement =
    refusals "movement" [
        "a reshape that loses elements",
        (fun () -> (x [ 2; 3 ]).Reshape(2, 2)),
        "reshape: the number of elements must stay; got f32[2,3] (6) to [2,2] (4). Leave one dim to be found: -1?"

        "a reshape that loses the batch",
        (fun () -> (batch [ 28; 28 ]).Reshape(shape [ 784 ])),
        "reshape: the number of elements must stay; got f32[N,28,28] (784*N) to [784] (784). Leave one dim to be found: -1?"

        "a reshape with two dims to be found",
        (fun () -> (x [ 2; 3 ]).Reshape(-1, -1)),
        "reshape: at most one dim may be -1; got (-1, -1) for f32[2,3]. Give all but one."

        "a reshape that does not divide",
        (fun () -> (x [ 2; 3 ]).Reshape(4, -1)),
        "reshape: the missing dim must be a whole number or one symbol; got f32[2,3] (6) to (4, -1). Choose dims that divide it."

        "a reshape that would split the batch",
        (fun () -> (batch [ 3 ]).Reshape(-1, 1)),
        "reshape: the missing dim must be a whole number or one symbol; got f32[N,3] (3*N) to (-1, 1). Give every dim, as a Shape with its symbols."

        "a reshape to a negative dim",
        (fun () -> (x [ 2; 3 ]).Reshape(-2, -3)),
        "shape: a dim must be at least 0; got -2. Name a symbol such as \"N\" for an extent that is not known yet."

        "an order that names an axis twice",
        (fun () -> (x [ 2; 3 ]).Transpose(0, 0)),
        "transpose: the order must name each of 2 axes once; got (0,0) for f32[2,3]. Write (1, 0) for a matrix."

        "an order too short",
        (fun () -> (x [ 2; 3; 5 ]).Transpose(1, 0)),
        "transpose: the order must name each of 3 axes once; got (1,0) for f32[2,3,5]. Write (1, 0) for a matrix."

        "the transpose of a vector",
        (fun () -> (x [ 3 ]).T()),
        "transpose: the operand must have two axes to swap; got f32[3]. Reshape it to a row or a column first."

        "a broadcast that raises the rank",
        (fun () -> (x [ 2 ]).BroadcastTo(shape [ 3; 2 ])),
        "broadcast: each dim must stay or be 1, at equal rank; got f32[2] to [3,2]. Reshape first, to write the dims of 1."

        "a broadcast of a dim that is not 1",
        (fun () -> (x [ 2; 3 ]).BroadcastTo(shape [ 4; 3 ])),
        "broadcast: each dim must stay or be 1, at equal rank; got f32[2,3] to [4,3]. Reshape first, to write the dims of 1."

        "a slice past the end",
        (fun () -> (x [ 2; 5 ]).Slice(1, 3, 2, 2)),
        "slice: the range must lie in an axis of 5 elements; got start 3, count 2, step 2 on axis 1 of f32[2,5]. Shorten the range."

        "a slice before the start",
        (fun () -> (x [ 5 ]).Slice(0, -1, 2)),
        "slice: the range must lie in an axis of 5 elements; got start -1, count 2, step 1 on axis 0 of f32[5]. Shorten the range."

        "a slice that stands still",
        (fun () -> (x [ 5 ]).Slice(0, 0, 2, 0)),
        "slice: the range must lie in an axis of 5 elements; got start 0, count 2, step 0 on axis 0 of f32[5]. Shorten the range."

        "a slice of the batch",
        (fun () -> (batch [ 3 ]).Slice(0, 0, 2)),
        "slice: the axis must have a known extent; got axis 0 of f32[N,3]. Give the dim a number to slice it."

        "a negative padding",
        (fun () -> (x [ 5 ]).Pad(0, -1, 2)),
        "pad: counts of zeros must be at least 0; got low -1, high 2, between 0. Slice, to take elements away."

        "a padding of the batch",
        (fun () -> (batch [ 3 ]).Pad(0, 1, 1)),
        "pad: the axis must have a known extent; got axis 0 of f32[N,3]. Give the dim a number to pad it."

        "nothing to concatenate",
        (fun () -> Expr.Concat 0),
        "concat: there must be at least one tensor; got none. Give the tensors to join."

        "a concatenation of dims that differ",
        (fun () -> Expr.Concat(1, x [ 2; 3 ], x [ 5; 3 ])),
        "concat: all dims but axis 1 must agree; got f32[2,3] and f32[5,3]. Reshape, pad or slice one of them."

        "a concatenation of ranks that differ",
        (fun () -> Expr.Concat(0, x [ 2; 3 ], x [ 3 ])),
        "concat: all dims but axis 0 must agree; got f32[2,3] and f32[3]. Reshape, pad or slice one of them."

        "a concatenation of dtypes",
        (fun () -> Expr.Concat(0, x [ 2 ], i32 [ 2 ])),
        "concat: dtypes must agree; got f32[2] and i32[2]. Cast one side: .Cast(DType.F32)?"

        "a concatenation of batches",
        (fun () -> Expr.Concat(0, batch [ 3 ], batch [ 3 ])),
        "concat: the axis must have a known extent; got axis 0 of f32[N,3]. Give the dim a number to join along it."

        "a concatenation of scalars",
        (fun () -> Expr.Concat(0, x [], x [])),
        "concat: a scalar has no axis; got 0. Give it one first: Reshape(1)?"
    ]

let private labels =
    refusals "labels" [
        "labels that are floats",
        (fun () -> (x [ 4 ]).OneHot 3),
        "one_hot: labels must be i32; got f32[4]. Declare the input with DType.I32, or cast it."

        "no classes",
        (fun () -> (i32 [ 4 ]).OneHot 0),
        "one_hot: there must be at least one class; got 0. Give the number of scores per example."

        "picking by floats",
        (fun () -> (x [ 4; 3 ]).Pick(x [ 4 ])),
        "pick: labels must be i32 with the scores' shape less the last dim; got f32[4,3] and f32[4]. For scores [N,10], give labels i32[N]."

        "picking by labels in a column",
        (fun () -> (x [ 4; 3 ]).Pick(i32 [ 4; 1 ])),
        "pick: labels must be i32 with the scores' shape less the last dim; got f32[4,3] and i32[4,1]. For scores [N,10], give labels i32[N]."

        "picking from a scalar",
        (fun () -> (x []).Pick(i32 [])),
        "pick: labels must be i32 with the scores' shape less the last dim; got f32[] and i32[]. For scores [N,10], give labels i32[N]."

        "picking from classes of a symbol",
        (fun () -> Expr.Input("x", shapeOf [ Dim 4; Dim "C" ]).Pick(i32 [ 4 ])),
        "pick: the number of classes must be known; got f32[4,C]. Give the last dim a number."
    ]

let private leaves =
    refusals "leaves" [
        "an input without a name", (fun () -> Expr.Input("", shape [ 2 ])), "input: a name must not be empty; got \"\". Name it \"x\", say."

        "a parameter without a name",
        (fun () -> Expr.Parameter(" ", shape [ 2 ])),
        "parameter: a name must not be empty; got \" \". Name it \"x\", say."

        "a state without a name", (fun () -> Expr.State("", shape [ 2 ])), "state: a name must not be empty; got \"\". Name it \"x\", say."

        "a parameter of unknown size",
        (fun () -> Expr.Parameter("w", shapeOf [ Dim "N"; Dim 10 ])),
        "parameter: \"w\" must have known dims; got f32[N,10]. Only inputs may have symbolic dims."

        "a parameter of integers",
        (fun () -> Expr.Parameter("w", shape [ 2 ], dtype = DType.I32)),
        "parameter: \"w\" must be f32 or f64; got i32[2]. Train floats, or make it an input."

        "a state of unknown size",
        (fun () -> Expr.State("m", shapeOf [ Dim "N" ])),
        "state: \"m\" must have known dims; got f32[N]. Only inputs may have symbolic dims."

        "the value of an input that is not bound",
        (fun () ->
            let node = x [ 1 ]
            node.Op.Evaluate(node, System.ReadOnlySpan [||], System.Span [| 0.0 |])
            node),
        "input: the value must come from outside; \"x\" has none in the graph. Bind it at the call."

        "a fraction for an integer",
        (fun () -> i32 [ 2 ] * 0.5),
        "const: a constant must be a value of its dtype; got 0.5 for i32. Cast the tensor: .Cast(DType.F32)?"

        "NaN for an integer",
        (fun () -> i32 [ 2 ] + nan),
        "const: a constant must be a value of its dtype; got NaN for i32. Cast the tensor: .Cast(DType.F32)?"

        "an integer out of range",
        (fun () -> Expr.Const(2147483648.0, DType.I32)),
        "const: a constant must be a value of its dtype; got 2147483648 for i32. Cast the tensor: .Cast(DType.F32)?"

        "a number for a truth value",
        (fun () -> Expr.Const(2.0, DType.Bool)),
        "const: a constant must be a value of its dtype; got 2 for bool. Cast the tensor: .Cast(DType.F32)?"

        "too few numbers",
        (fun () -> Expr.Literal(shape [ 2; 3 ], [| 1.0; 2.0 |])),
        "literal: the number of elements must be the shape's; got 2 for [2,3] (6). Give one number per element."

        "numbers for a shape that is not known",
        (fun () -> Expr.Literal(shapeOf [ Dim "N" ], [| 1.0 |])),
        "literal: every dim must be known; got [N]. Only inputs may have symbolic dims."

        "a fraction among integers",
        (fun () -> Expr.Literal(shape [ 3 ], [| 1.0; 2.5; 0.5 |], DType.I32)),
        "literal: each number must be a value of its dtype; got 2.5 for i32 at 1. Give whole numbers, or DType.F32."

        "counting in truth values",
        (fun () -> Expr.Iota(shape [ 3 ], 0, DType.Bool)),
        "iota: the dtype must be a number's; got bool. Compare the count: Iota(shape, axis).EqualTo(0)?"

        "counting along an axis too many",
        (fun () -> Expr.Iota(shape [ 3 ], 1)),
        "iota: the axis must be one of 1 dims of [3]; got 1. Axes count from 0, or from -1 at the end."
    ]

[<Tests>]
let tests = testList "error texts" [ movement; labels; leaves ]
