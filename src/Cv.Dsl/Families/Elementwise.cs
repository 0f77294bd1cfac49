using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>
/// The family of ops whose forward is one scalar rule applied to each element. The rule is a LINQ lambda over the reals (double in,
/// double out; bool for truth values); the compiler narrows it to f32 and widens it to vectors, and fusion composes such rules.
/// </summary>
public abstract record Elementwise : Op
{
    const int MostConditions = 4; // within each other: a tangent is written once for each way through them

    static readonly ConcurrentDictionary<Op, ScalarFunction> Compiled = [];
    static readonly ConcurrentDictionary<(Elementwise Op, int Argument), LambdaExpression> Slopes = [];

    delegate double ScalarFunction(double a, double b, double c, double d);

    /// <summary>Gives the rule for one element, of one to four arguments.</summary>
    public abstract LambdaExpression Scalar { get; }

    /// <summary>Broadcasts the operands, which must share one dtype, and keeps it.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        var type = SameDType(Name, operands);
        if (type == DType.Bool)
            throw new ShapeException($"{Name}: operands must be numbers; got {operands[0]}. Cast first: .Cast(DType.F32)?");
        return new(type, Broadcasting.Unify(Name, operands));
    }

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        var f = Compiled.GetOrAdd(this, _ => Compile(Scalar));
        var dims = y.Shape.ToArray();
        var at = new int[4][];
        var values = new double[4][];
        for (int i = 0; i < 4; i++)
        {
            int from = Math.Min(i, operands.Length - 1);
            at[i] = i < operands.Length ? Layout.Offsets(dims, Layout.BroadcastStrides(y.Operands[i].Shape, y.Shape)) : at[from];
            values[i] = operands[from];
        }
        for (int i = 0; i < result.Length; i++)
            result[i] = f(values[0][at[0][i]], values[1][at[1][i]], values[2][at[2][i]], values[3][at[3][i]]);
    }

    /// <summary>Adds up what each operand's tangent changes: the derivative of the scalar rule, found symbolically, times the tangent.</summary>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents)
    {
        Expr? sum = null;
        for (int i = 0; i < tangents.Length; i++)
        {
            if (tangents[i] is not { } dx)
                continue;
            var slope = ScalarGraph.Of(Slopes.GetOrAdd((this, i), static of => of.Op.Slope(of.Argument)), [.. y.Operands]);
            if (slope is (Const(0, _), _))
                continue;
            var part = Times(slope, dx, MostConditions);
            sum = sum is null ? part : sum + part;
        }
        return sum;
    }

    /// <summary>Passes to each element of an operand what holds for any of those it is repeated to.</summary>
    public override Expr? MaskOfOperand(Expr y, int operand, Expr? mask) => Mask.Unrepeated(mask, y.Operands[operand].Shape, y.DType);

    /// <inheritdoc/>
    public override Expr? MaskOfResult(Expr y, int operand, Expr? mask) => mask;

    /// <summary>Gives the derivative of the rule by an argument, as a rule of the same arguments.</summary>
    private protected virtual LambdaExpression Slope(int argument) => ScalarDerivative.Of(Scalar, argument);

    /// <summary>Multiplies a derivative by a tangent, which a condition masks first: an infinity in the branch not taken meets no 0, and a 0 no infinity.</summary>
    static Expr Times(Expr slope, Expr dx, int conditions) =>
        slope switch
        {
            (Const(0, _), _) => dx.Like(0),
            (Const(1, _), _) => dx,
            (Neg, [var opposite]) => -Times(opposite, dx, conditions),
            (Div, [(Const(1, _), _), var b]) => dx / b,
            (Select, [var test, var a, var b]) when conditions > 0 => Expr.Select(
                test,
                Times(a, dx, conditions - 1),
                Times(b, dx, conditions - 1)
            ),
            _ => slope * dx,
        };

    /// <summary>Broadcasts as ever, once each operand has the ranks of the result: the axis before them, and dims of 1 behind it for one that is a scalar of each example.</summary>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched)
    {
        // an op of somebody's own may want operands of one shape
        if (GetType().Assembly != typeof(Op).Assembly)
            return Expr.Of(this, Batching.All(operands, batched));
        int rank = y.Shape.Rank;
        var aligned = operands.Select((x, i) => Align(x, batched[i], rank)).ToImmutableArray();
        return Expr.Of(this, aligned);
    }

    static Expr Align(Expr x, bool batched, int rank)
    {
        if (batched)
            return x.Shape.Rank == rank + 1 ? x : x.Reshape(new Shape([x.Shape[0], .. Enumerable.Repeat(new Dim(1), rank)]));
        return x.Shape.Rank == 0 ? x : x.Reshape(Batching.Of(1, x.Shape));
    }

    /// <summary>Lets a rule of one argument be written without its type.</summary>
    protected static LambdaExpression Rule(Expression<Func<double, double>> rule) => rule;

    /// <summary>Lets a rule of two arguments be written without its type.</summary>
    protected static LambdaExpression Rule(Expression<Func<double, double, double>> rule) => rule;

    internal static DType SameDType(string op, ReadOnlySpan<TensorType> operands)
    {
        foreach (var operand in operands)
            if (operand.DType != operands[0].DType)
                throw new ShapeException(
                    $"{op}: dtypes must agree; got {operands[0]} and {operand}. Cast one side: .Cast(DType.{Wider(operands[0].DType, operand.DType)})?"
                );
        return operands[0].DType;
    }

    static DType Wider(DType a, DType b)
    {
        ReadOnlySpan<DType> narrowFirst = [DType.Bool, DType.I32, DType.F32, DType.F64];
        return narrowFirst[Math.Max(narrowFirst.IndexOf(a), narrowFirst.IndexOf(b))];
    }

    internal static DType SameFloat(string op, ReadOnlySpan<TensorType> operands)
    {
        foreach (var operand in operands)
            if (!operand.DType.IsFloat())
                throw new ShapeException($"{op}: operands must be f32 or f64; got {operand}. Cast first: .Cast(DType.F32)?");
        return SameDType(op, operands);
    }

    static ScalarFunction Compile(LambdaExpression rule)
    {
        var arguments = Enumerable.Range(0, 4).Select(_ => Expression.Parameter(typeof(double))).ToArray();
        var passed = rule.Parameters.Select(
            (p, i) => p.Type == typeof(bool) ? Expression.NotEqual(arguments[i], Expression.Constant(0.0)) : (Expression)arguments[i]
        );
        Expression body = Expression.Invoke(rule, passed);
        if (rule.ReturnType == typeof(bool))
            body = Expression.Condition(body, Expression.Constant(1.0), Expression.Constant(0.0));
        return Expression.Lambda<ScalarFunction>(body, arguments).Compile();
    }
}

/// <summary>The family of elementwise ops of one floating-point argument; shape and dtype are unchanged.</summary>
public abstract record Unary : Elementwise
{
    /// <summary>Keeps the operand's shape and its dtype, f32 or f64.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands) => new(SameFloat(Name, operands), operands[0].Shape);
}

/// <summary>The family of elementwise ops of two numbers of one dtype; shapes broadcast.</summary>
public abstract record Binary : Elementwise;

/// <summary>The family of elementwise comparisons of two numbers of one dtype; the result is bool, and no gradient flows.</summary>
public abstract record Comparison : Elementwise
{
    /// <summary>Broadcasts the operands, which must share one dtype; the result is bool.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands) => new(DType.Bool, base.Infer(operands).Shape);

    /// <summary>Lets a comparison be written without its type.</summary>
    protected static LambdaExpression Test(Expression<Func<double, double, bool>> rule) => rule;

    /// <summary>Compares two small vectors that share some elements.</summary>
    public override IEnumerable<Expr> Samples() =>
        [
            Expr.Of(this, Expr.Input("a", [2, 3]), Expr.Input("b", [2, 1])),
            Expr.Of(this, Expr.Input("i", [4], DType.I32), Expr.Input("j", [4], DType.I32)),
        ];
}

/// <summary>The family of elementwise ops on truth values.</summary>
public abstract record Logical : Elementwise
{
    /// <summary>Broadcasts operands that must all be bool.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        foreach (var operand in operands)
            if (operand.DType != DType.Bool)
                throw new ShapeException($"{Name}: operands must be bool; got {operand}. Compare first: x > 0?");
        return new(DType.Bool, Broadcasting.Unify(Name, operands));
    }

    /// <summary>Joins two small masks.</summary>
    public override IEnumerable<Expr> Samples()
    {
        Expr a = Expr.Input("a", [2, 3]) > 0f,
            b = Expr.Input("b", [2, 3]) > 0f;
        return [Expr.Of(this, ImmutableArray.Create(a, b).RemoveRange(Scalar.Parameters.Count, 2 - Scalar.Parameters.Count))];
    }
}
