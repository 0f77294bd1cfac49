using System.Linq.Expressions;
using System.Reflection;

namespace Cv.Testing;

/// <summary>
/// Evaluates the scalar rule of an op in any kind of numbers, by walking the rule's tree: it shares nothing with the compiler, nor with the rules of differentiation.
/// </summary>
sealed class ScalarTree<T>
{
    static readonly MethodInfo Logarithm = Of(Math.Log),
        Root = Of(Math.Sqrt),
        ArcTangent = Of(Math.Atan);

    readonly Algebra<T> _numbers;
    readonly Dictionary<ParameterExpression, int> _places = [];

    ScalarTree(Algebra<T> numbers) => _numbers = numbers;

    /// <summary>Prepares a rule to be run many times.</summary>
    public static Func<T[], T> Of(LambdaExpression rule, Algebra<T> numbers)
    {
        var tree = new ScalarTree<T>(numbers);
        foreach (var p in rule.Parameters)
            tree.PlaceOf(p);
        var body = tree.Visit(rule.Body);
        return arguments =>
        {
            var frame = new T[tree._places.Count];
            arguments.AsSpan(0, rule.Parameters.Count).CopyTo(frame);
            return body(frame);
        };
    }

    static MethodInfo Of(Func<double, double> function) => function.Method;

    int PlaceOf(ParameterExpression p)
    {
        if (!_places.TryGetValue(p, out int place))
            _places[p] = place = _places.Count;
        return place;
    }

    Func<T[], T> Visit(Expression e) =>
        e switch
        {
            ParameterExpression p when PlaceOf(p) is var place => frame => frame[place],
            ConstantExpression c when _numbers.Of(Convert.ToDouble(c.Value, null)) is var value => _ => value,
            UnaryExpression u => Unary(u),
            BinaryExpression b => Binary(b),
            ConditionalExpression c => Conditional(c),
            BlockExpression b => Block(b),
            MethodCallExpression c => Call(c),
            InvocationExpression { Expression: LambdaExpression inner } i => Invoke(inner, i),
            MemberExpression m when _numbers.Of(Read(m)) is var value => _ => value,
            _ => throw Unknown(e),
        };

    Func<T[], T> Unary(UnaryExpression e)
    {
        var x = Visit(e.Operand);
        return e.NodeType switch
        {
            ExpressionType.Negate or ExpressionType.NegateChecked => f => _numbers.Subtract(_numbers.Of(-0.0), x(f)),
            ExpressionType.Not => f => _numbers.Truth(!_numbers.Holds(x(f))),
            ExpressionType.Convert or ExpressionType.ConvertChecked when IsWhole(e.Type) && !IsWhole(e.Operand.Type) => f =>
                Constant(Math.Truncate(_numbers.Real(x(f)))),
            ExpressionType.Convert or ExpressionType.ConvertChecked or ExpressionType.UnaryPlus or ExpressionType.Quote => x,
            _ => throw Unknown(e),
        };
    }

    Func<T[], T> Binary(BinaryExpression e)
    {
        if (e.NodeType == ExpressionType.Assign && e.Left is ParameterExpression to)
        {
            var (place, value) = (PlaceOf(to), Visit(e.Right));
            return f => f[place] = value(f);
        }
        var (a, b) = (Visit(e.Left), Visit(e.Right));
        return e.NodeType switch
        {
            ExpressionType.Add => f => _numbers.Add(a(f), b(f)),
            ExpressionType.Subtract => f => _numbers.Subtract(a(f), b(f)),
            ExpressionType.Multiply => f => _numbers.Multiply(a(f), b(f)),
            ExpressionType.Divide => f => _numbers.Divide(a(f), b(f)),
            ExpressionType.Power => f => _numbers.Power(a(f), b(f)),
            ExpressionType.AndAlso or ExpressionType.And => f => _numbers.Truth(_numbers.Holds(a(f)) && _numbers.Holds(b(f))),
            ExpressionType.OrElse or ExpressionType.Or => f => _numbers.Truth(_numbers.Holds(a(f)) || _numbers.Holds(b(f))),
            ExpressionType.ExclusiveOr => f => _numbers.Truth(_numbers.Holds(a(f)) != _numbers.Holds(b(f))),
            ExpressionType.LessThan => f => Test(a(f), b(f), (p, q) => p < q),
            ExpressionType.LessThanOrEqual => f => Test(a(f), b(f), (p, q) => p <= q),
            ExpressionType.GreaterThan => f => Test(a(f), b(f), (p, q) => p > q),
            ExpressionType.GreaterThanOrEqual => f => Test(a(f), b(f), (p, q) => p >= q),
            ExpressionType.Equal => f => Test(a(f), b(f), (p, q) => p == q),
            ExpressionType.NotEqual => f => Test(a(f), b(f), (p, q) => p != q),
            _ => throw Unknown(e),
        };
    }

    Func<T[], T> Conditional(ConditionalExpression e)
    {
        var (test, yes, no) = (Visit(e.Test), Visit(e.IfTrue), Visit(e.IfFalse));
        return f =>
        {
            bool holds = _numbers.Holds(test(f));
            _numbers.Decide(holds ? 1 : 0);
            return holds ? yes(f) : no(f);
        };
    }

    Func<T[], T> Block(BlockExpression e)
    {
        var steps = e.Expressions.Select(Visit).ToArray();
        return f =>
        {
            var last = default(T)!;
            foreach (var step in steps)
                last = step(f);
            return last;
        };
    }

    Func<T[], T> Invoke(LambdaExpression inner, InvocationExpression e)
    {
        var arguments = e.Arguments.Select(Visit).ToArray();
        var places = inner.Parameters.Select(PlaceOf).ToArray();
        var body = Visit(inner.Body);
        return f =>
        {
            for (int i = 0; i < places.Length; i++)
                f[places[i]] = arguments[i](f);
            return body(f);
        };
    }

    Func<T[], T> Call(MethodCallExpression e)
    {
        var x = e.Arguments.Select(Visit).ToArray();
        return (e.Method.Name, x.Length) switch
        {
            ("Abs", 1) => f =>
                Pick(
                    x[0](f),
                    v =>
                        v > 0 ? 1
                        : v < 0 ? -1
                        : v,
                    (v, sign) => _numbers.Multiply(_numbers.Of(sign), v)
                ),
            ("Max", 2) => f => Larger(x[0](f), x[1](f)),
            ("Min", 2) => f => Smaller(x[0](f), x[1](f)),
            ("Clamp", 3) => f => Smaller(Larger(x[0](f), x[1](f)), x[2](f)),
            ("CopySign", 2) => f => CopySign(x[0](f), x[1](f)),
            ("Sign", 1) => f => Constant(double.IsNaN(_numbers.Real(x[0](f))) ? double.NaN : Math.Sign(_numbers.Real(x[0](f)))),
            ("Floor" or "Ceiling" or "Round" or "Truncate", 1) when Function(e.Method) is var whole => f =>
                Constant(whole(_numbers.Real(x[0](f)))),
            ("FusedMultiplyAdd", 3) => f => _numbers.Add(_numbers.Multiply(x[0](f), x[1](f)), x[2](f)),
            ("Hypot", 2) => f => Hypot(x[0](f), x[1](f)),
            ("Atan2", 2) => f => Angle(x[0](f), x[1](f)),
            ("Remainder", 2) => f => Remainder(x[0](f), x[1](f)),
            ("Pow", 2) => f => _numbers.Power(x[0](f), x[1](f)),
            ("Log", 2) => f => _numbers.Divide(_numbers.Apply(Logarithm, x[0](f)), _numbers.Apply(Logarithm, x[1](f))),
            (_, 1) => f => _numbers.Apply(e.Method, x[0](f)),
            _ => throw Unknown(e),
        };
    }

    /// <summary>Makes a function of the reals of a method.</summary>
    public static Func<double, double> Function(MethodInfo method)
    {
        var x = Expression.Parameter(typeof(double));
        var argument = Expression.Convert(x, method.GetParameters()[0].ParameterType);
        return Expression.Lambda<Func<double, double>>(Expression.Convert(Expression.Call(method, argument), typeof(double)), x).Compile();
    }

    T Pick(T x, Func<double, double> branch, Func<T, double, T> then)
    {
        double b = branch(_numbers.Real(x));
        _numbers.Decide(b);
        return then(x, b);
    }

    // NaN wins, as Math.Max has it; a tie goes to the second
    T Larger(T a, T b) => Choose(a, b, !(_numbers.Real(a) <= _numbers.Real(b)) && !double.IsNaN(_numbers.Real(b)));

    T Smaller(T a, T b) => Choose(a, b, !(_numbers.Real(a) >= _numbers.Real(b)) && !double.IsNaN(_numbers.Real(b)));

    T Choose(T a, T b, bool first)
    {
        double tie = _numbers.Real(a) == _numbers.Real(b) ? 0.5 : 0;
        _numbers.Decide(first ? 1 : tie);
        return first ? a : b;
    }

    T CopySign(T magnitude, T sign)
    {
        double turn = Math.Sign(Math.CopySign(1, _numbers.Real(magnitude))) * Math.CopySign(1, _numbers.Real(sign));
        return Constant(turn) is var t ? _numbers.Multiply(t, magnitude) : t;
    }

    T Hypot(T a, T b) => _numbers.Apply(Root, _numbers.Add(_numbers.Multiply(a, a), _numbers.Multiply(b, b)));

    // a - b trunc(a / b)
    T Remainder(T a, T b) => _numbers.Subtract(a, _numbers.Multiply(b, Constant(Math.Truncate(_numbers.Real(a) / _numbers.Real(b)))));

    // the arc tangent of the smaller quotient, and a turn that is constant where it is defined
    T Angle(T y, T x)
    {
        var (v, u) = (_numbers.Real(y), _numbers.Real(x));
        if (Math.Abs(u) >= Math.Abs(v))
            return _numbers.Add(Constant(u < 0 ? Math.CopySign(Math.PI, v) : 0), _numbers.Apply(ArcTangent, _numbers.Divide(y, x)));
        return _numbers.Subtract(Constant(Math.CopySign(Math.PI / 2, v)), _numbers.Apply(ArcTangent, _numbers.Divide(x, y)));
    }

    T Constant(double value)
    {
        _numbers.Decide(value);
        return _numbers.Of(value);
    }

    T Test(T a, T b, Func<double, double, bool> holds)
    {
        double order = _numbers.Real(a).CompareTo(_numbers.Real(b));
        _numbers.Decide(order);
        return _numbers.Truth(holds(_numbers.Real(a), _numbers.Real(b)));
    }

    static bool IsWhole(Type type) => type == typeof(int) || type == typeof(long);

    static double Read(MemberExpression e) =>
        Expression.Lambda<Func<double>>(Expression.Convert(e, typeof(double))).Compile(preferInterpretation: true)();

    static UnknownToOracleException Unknown(Expression e) =>
        new(
            $"check: an oracle knows arithmetic, comparisons, conditionals and functions of one number; got {e} ({e.NodeType}). Check it by differences."
        );
}
