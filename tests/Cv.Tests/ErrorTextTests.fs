/// One test a mistake that a user can make with an op: the text states the rule, the facts and the fix.
module Cv.Tests.ErrorTextTests

open Cv.Dsl
open Cv.Tests.Generators
open Expecto

let x dims = Expr.Input("x", shape dims)
let typed dtype dims = Expr.Input("x", shape dims, dtype)
let i32 dims = typed DType.I32 dims
let mask dims = typed DType.Bool dims

/// An f32 input whose first dim is N.
let batch dims =
    Expr.Input("x", shapeOf (Dim "N" :: List.map (fun (d: int) -> Dim d) dims))

let refusals group (table: (string * (unit -> Expr) * string) list) =
    testList group [
        for name, run, expected in table do
            testCase name (fun () ->
                Expect.throwsC (run >> ignore) (fun ex ->
                    Expect.isTrue (ex :? GraphException) $"a GraphException, not {ex.GetType().Name}: {ex.Message}"
                    Expect.equal (Mistakes.text ex) expected "the text"))
    ]

let private elementwise =
    refusals "elementwise" [
        "a bias without its row",
        (fun () -> batch [ 10 ] + x [ 10 ]),
        "add: ranks must agree, or one side be a scalar; got f32[N,10] and f32[10] (rank 2 != 1). Write the missing dims: Reshape(1, 10)?"

        "a column without its dim of 1",
        (fun () -> batch [] - batch [ 1 ]),
        "sub: ranks must agree, or one side be a scalar; got f32[N] and f32[N,1] (rank 1 != 2). Write the missing dims: Reshape([1, \"N\"])?"

        "dims that differ",
        (fun () -> x [ 2; 3 ] * x [ 2; 5 ]),
        "mul: dims must agree, or one be 1; got f32[2,3] and f32[2,5] (3 != 5 at axis 1). Slice, reshape or reduce one of them."

        "a matrix and its transpose",
        (fun () -> x [ 2; 3 ] / x [ 3; 2 ]),
        "div: dims must agree, or one be 1; got f32[2,3] and f32[3,2] (2 != 3 at axis 0). Transpose the second?"

        "a symbol and a number",
        (fun () -> (batch [ 3 ]).Maximum(x [ 4; 3 ])),
        "maximum: dims must agree, or one be 1; got f32[N,3] and f32[4,3] (N != 4 at axis 0). Give both the same number or the same symbol."

        "three operands, of which two clash",
        (fun () -> Expr.Select(mask [ 1; 3 ], x [ 2; 3 ], x [ 5; 3 ])),
        "select: dims must agree, or one be 1; got f32[2,3] and f32[5,3] (2 != 5 at axis 0). Slice, reshape or reduce one of them."

        "dtypes that differ",
        (fun () -> x [ 2 ] + i32 [ 2 ]),
        "add: dtypes must agree; got f32[2] and i32[2]. Cast one side: .Cast(DType.F32)?"

        "dtypes that differ, the narrow one first",
        (fun () -> (i32 [ 2 ]).EqualTo(typed DType.F64 [ 2 ])),
        "equal: dtypes must agree; got i32[2] and f64[2]. Cast one side: .Cast(DType.F64)?"

        "arithmetic on truth values", (fun () -> -(mask [ 2 ])), "neg: operands must be numbers; got bool[2]. Cast first: .Cast(DType.F32)?"

        "a comparison of truth values",
        (fun () -> Expr.op_LessThan (mask [ 2 ], mask [ 2 ])),
        "less: operands must be numbers; got bool[2]. Cast first: .Cast(DType.F32)?"

        "a gate on integers", (fun () -> (i32 [ 3 ]).Exp()), "exp: operands must be f32 or f64; got i32[3]. Cast first: .Cast(DType.F32)?"

        "a division of integers", (fun () -> i32 [ 3 ] / 2.0), "div: operands must be f32 or f64; got i32[3]. Cast first: .Cast(DType.F32)?"

        "a power of integers",
        (fun () -> (i32 [ 3 ]).Pow 2.0),
        "pow: operands must be f32 or f64; got i32[3]. Cast first: .Cast(DType.F32)?"

        "logic on numbers",
        (fun () -> Expr.op_BitwiseAnd (mask [ 2 ], x [ 2 ])),
        "and: operands must be bool; got f32[2]. Compare first: x > 0?"

        "the negation of a number",
        (fun () -> Expr.op_LogicalNot (i32 [ 2 ])),
        "not: operands must be bool; got i32[2]. Compare first: x > 0?"

        "a selection by numbers",
        (fun () -> Expr.Select(x [ 2 ], x [ 2 ], x [ 2 ])),
        "select: the mask must be bool; got f32[2]. Compare first: x > 0?"

        "a selection from two dtypes",
        (fun () -> Expr.Select(mask [ 2 ], x [ 2 ], i32 [ 2 ])),
        "select: dtypes must agree; got f32[2] and i32[2]. Cast one side: .Cast(DType.F32)?"
    ]

let private matmul =
    refusals "matmul" [
        "inner sizes, the second transposed",
        (fun () -> (batch [ 784 ]).MatMul(x [ 128; 784 ])),
        "matmul: inner sizes must agree; got f32[N,784] and f32[128,784] (784 != 128). Transpose the second?"

        "inner sizes, the first transposed",
        (fun () -> (x [ 784; 32 ]).MatMul(x [ 784; 10 ])),
        "matmul: inner sizes must agree; got f32[784,32] and f32[784,10] (32 != 784). Transpose the first?"

        "inner sizes, no way to fit",
        (fun () -> (x [ 2; 3 ]).MatMul(x [ 5; 7 ])),
        "matmul: inner sizes must agree; got f32[2,3] and f32[5,7] (3 != 5). The first's columns must be as many as the second's rows."

        "a vector",
        (fun () -> (x [ 2; 3 ]).MatMul(x [ 3 ])),
        "matmul: both sides must have rank 2 or more; got f32[2,3] and f32[3]. Make a vector a matrix: Reshape(1, n) or Reshape(n, 1)?"

        "ranks that differ",
        (fun () -> (x [ 5; 2; 3 ]).MatMul(x [ 3; 2 ])),
        "matmul: ranks must agree; got f32[5,2,3] and f32[3,2]. Broadcast the smaller side over the batch dims?"

        "batches that differ",
        (fun () -> (x [ 5; 2; 3 ]).MatMul(x [ 1; 3; 2 ])),
        "matmul: batch dims must agree; got f32[5,2,3] and f32[1,3,2] (5 != 1 at axis 0). Broadcast one side?"

        "integers",
        (fun () -> (x [ 2; 3 ]).MatMul(i32 [ 3; 2 ])),
        "matmul: operands must be f32 or f64; got i32[3,2]. Cast first: .Cast(DType.F32)?"

        "dtypes that differ",
        (fun () -> (x [ 2; 3 ]).MatMul(typed DType.F64 [ 3; 2 ])),
        "matmul: dtypes must agree; got f32[2,3] and f64[3,2]. Cast one side: .Cast(DType.F64)?"
    ]

let private reductions =
    refusals "reductions" [
        "an axis too many",
        (fun () -> (x [ 2; 3 ]).Sum 2),
        "reduce_sum: the axis must be one of 2 dims of [2,3]; got 2. Axes count from 0, or from -1 at the end."

        "an axis of a scalar", (fun () -> (x []).Max 0), "reduce_max: a scalar has no axis; got 0. Give it one first: Reshape(1)?"

        "an axis twice",
        (fun () -> (x [ 2; 3 ]).Min(1, -1)),
        "reduce_min: each axis may be named once; got axis -1 of [2,3] twice. Drop one of them."

        "axes that an op was made with",
        (fun () -> Expr.Of(ReduceSum(Axes 4u), [| x [ 2; 3 ] |])),
        "reduce_sum: the axes must be dims of f32[2,3]; got {2}. Axes count from 0."

        "the sum of truth values",
        (fun () -> (mask [ 3 ]).Sum()),
        "reduce_sum: the operand must be numbers; got bool[3]. Cast first: .Cast(DType.F32)?"

        "the mean of integers",
        (fun () -> (i32 [ 3 ]).Mean()),
        "mean: operands must be f32 or f64; got i32[3]. Cast first: .Cast(DType.F32)?"

        "the largest of none",
        (fun () -> (x [ 2; 0 ]).Max 1),
        "reduce_max: a folded dim must hold an element; got f32[2,0] with axis 1 empty. Only a sum of nothing has a value."

        "the place of the largest of none",
        (fun () -> (x [ 0; 2 ]).ArgMax 0),
        "arg_max: a folded dim must hold an element; got f32[0,2] with axis 0 empty. Only a sum of nothing has a value."

        "the place of the largest truth value",
        (fun () -> (mask [ 3 ]).ArgMax 0),
        "arg_max: the operand must be numbers; got bool[3]. Cast first: .Cast(DType.F32)?"

        "the place of the largest along an axis too many",
        (fun () -> (x [ 2; 3 ]).ArgMax -3),
        "arg_max: the axis must be one of 2 dims of [2,3]; got -3. Axes count from 0, or from -1 at the end."
    ]

[<Tests>]
let tests = testList "error texts" [ elementwise; matmul; reductions ]
