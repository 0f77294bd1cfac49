using System.Globalization;
using System.Linq.Expressions;
using System.Reflection;

namespace Cv.Dsl;

/// <summary>
/// Reads a lambda over floats or doubles as a term: C#'s trees and F#'s, which call FSharp.Core's operators. Values that the lambda captured are read now, and
/// literals as they were written: 0.1f is 0.1, MathF.PI is pi.
/// </summary>
sealed class TermReader
{
    const string FSharpOperators = "Microsoft.FSharp.Core.Operators";

    readonly string _subject;
    readonly TermPool _pool;
    readonly bool _allowsOwn;
    readonly Dictionary<ParameterExpression, Term> _names = [];
    readonly Dictionary<ParameterExpression, LambdaExpression> _functions = [];
    Dictionary<Expression, Term> _read = [];

    TermReader(string subject, TermPool pool, bool allowsOwn) => (_subject, _pool, _allowsOwn) = (subject, pool, allowsOwn);

    /// <summary>Reads a rule whose parameters are the arguments 0, 1, … of its term.</summary>
    /// <param name="pool">Where the term is made.</param>
    /// <param name="rule">The lambda.</param>
    /// <param name="subject">Who asks, as an error begins: gate "f".</param>
    /// <param name="allowsOwn">Whether static methods of one's own may be called.</param>
    /// <param name="last">What the last parameter stands for, if not for an argument.</param>
    /// <exception cref="GraphException">The rule holds something else than scalar mathematics.</exception>
    public static Term Read(TermPool pool, LambdaExpression rule, string subject, bool allowsOwn = false, Term? last = null)
    {
        var reader = new TermReader(subject, pool, allowsOwn);
        for (int i = 0; i < rule.Parameters.Count; i++)
            reader._names[rule.Parameters[i]] =
                last is not null && i == rule.Parameters.Count - 1 ? last : pool.Argument(i, rule.Parameters[i].Type == typeof(bool));
        return reader.Visit(rule.Body);
    }

    Term Visit(Expression e)
    {
        if (e is ParameterExpression p && _names.TryGetValue(p, out var named))
            return named;
        if (!_read.TryGetValue(e, out var term))
            _read[e] = term = Anew(e);
        return term;
    }

    Term Anew(Expression e)
    {
        // what no argument enters is a number; sums of floats are taken in f64 all the same, but whole numbers divide as whole numbers
        if (e is MemberExpression || (!IsReal(e.Type) && e.Type != typeof(bool)))
            return IsFree(e) ? Known(e) : throw Unknown(e);
        return e switch
        {
            ConstantExpression c => Constant(c.Value, c),
            UnaryExpression u => Unary(u),
            BinaryExpression b when b.NodeType is ExpressionType.Assign => throw Unknown(e),
            BinaryExpression b => Binary(b),
            ConditionalExpression c => _pool.Choose(Visit(c.Test), Visit(c.IfTrue), Visit(c.IfFalse)),
            MethodCallExpression m => Call(m),
            BlockExpression block => Block(block),
            InvocationExpression { Expression: LambdaExpression inner } i => Open(inner, i.Arguments),
            _ => IsFree(e) ? Known(e) : throw Unknown(e),
        };
    }

    static bool IsReal(Type type) => type == typeof(double) || type == typeof(float);

    Term Unary(UnaryExpression u) =>
        u.NodeType switch
        {
            ExpressionType.Convert or ExpressionType.ConvertChecked when IsReal(u.Operand.Type) || IsFree(u.Operand) => Visit(u.Operand),
            ExpressionType.Convert when u.Operand is MethodCallExpression { Method.Name: "Sign" or "Sign$W" } sign => Call(sign), // Math.Sign is whole
            ExpressionType.Negate or ExpressionType.NegateChecked => -Visit(u.Operand),
            ExpressionType.UnaryPlus => Visit(u.Operand),
            ExpressionType.Not => _pool.Of(Head.Not, Visit(u.Operand)),
            _ => throw Unknown(u),
        };

    Term Binary(BinaryExpression b)
    {
        var (x, z) = (Visit(b.Left), Visit(b.Right));
        return b.NodeType switch
        {
            ExpressionType.Add or ExpressionType.AddChecked => Stable.Sum(x, z),
            ExpressionType.Subtract or ExpressionType.SubtractChecked => Stable.Difference(x, z),
            ExpressionType.Multiply or ExpressionType.MultiplyChecked => x * z,
            ExpressionType.Divide => Stable.Quotient(x, z),
            ExpressionType.Power => _pool.Call("Pow", x, z),
            ExpressionType.Modulo => _pool.Call("Remainder", x, z),
            ExpressionType.LessThan => _pool.Of(Head.Less, x, z),
            ExpressionType.LessThanOrEqual => _pool.Of(Head.LessEqual, x, z),
            ExpressionType.GreaterThan => _pool.Of(Head.Greater, x, z),
            ExpressionType.GreaterThanOrEqual => _pool.Of(Head.GreaterEqual, x, z),
            ExpressionType.Equal when !x.IsTruth => _pool.Of(Head.Equal, x, z),
            ExpressionType.NotEqual when !x.IsTruth => _pool.Of(Head.NotEqual, x, z),
            ExpressionType.Equal => _pool.Choose(x, z, _pool.Of(Head.Not, z)),
            ExpressionType.NotEqual or ExpressionType.ExclusiveOr when x.IsTruth => _pool.Choose(x, _pool.Of(Head.Not, z), z),
            ExpressionType.AndAlso or ExpressionType.And when x.IsTruth => _pool.Of(Head.And, x, z),
            ExpressionType.OrElse or ExpressionType.Or when x.IsTruth => _pool.Of(Head.Or, x, z),
            _ => throw Unknown(b),
        };
    }

    Term Call(MethodCallExpression m)
    {
        if (m.Object is null && m.Method.DeclaringType is { } home)
        {
            bool fsharp = home.FullName == FSharpOperators;
            if (
                fsharp
                || home == typeof(Math)
                || home == typeof(MathF)
                || home == typeof(double)
                || home == typeof(float)
                || home == typeof(SpecialFunctions)
            )
            {
                string name = m.Method.Name.Replace("$W", "", StringComparison.Ordinal);
                // F# passes witnesses first: how to compute the function, in the order of its arguments
                int witnesses = name == m.Method.Name ? 0 : m.Arguments.Count(a => !IsReal(a.Type) && a.Type != typeof(int));
                if (Function(name, m.Arguments.Skip(witnesses).ToArray()) is { } term)
                    return term;
            }
            else if (_allowsOwn && IsReal(m.Type) && m.Arguments.Count is 1 or 2 && m.Arguments.All(a => IsReal(a.Type)) && !IsFree(m))
                return _pool.Call(ScalarFunction.Own(m.Method), [.. m.Arguments.Select(Visit)]);
        }
        if (m.Method.Name == "Invoke" && Lambda(m.Object) is { } function && function.Parameters.Count == m.Arguments.Count)
            return Open(function, m.Arguments);
        return IsFree(m) ? Known(m) : throw Unknown(m);
    }

    Term? Function(string name, Expression[] a) =>
        (name, a) switch
        {
            ("op_PipeRight", [var x, var f]) when Lambda(f) is { } lambda => Open(lambda, [x]),
            ("ToDouble" or "ToSingle", [var x]) => Visit(x),
            ("op_Exponentiation" or "Power" or "PowInteger" or "Pown", [var x, var n]) => _pool.Call("Pow", Visit(x), Visit(n)),
            ("op_UnaryNegation", [var x]) => -Visit(x),
            ("Not", [var x]) => _pool.Of(Head.Not, Visit(x)),
            ("Ceil", [var x]) => _pool.Call("Ceiling", Visit(x)),
            ("Log", [var x, var toBase]) => _pool.Call("Log", Visit(x)) / _pool.Call("Log", Visit(toBase)),
            ("Clamp", [var x, var low, var high]) => _pool.Call("Min", _pool.Call("Max", Visit(x), Visit(low)), Visit(high)),
            ("FusedMultiplyAdd" or "MultiplyAddEstimate", [var x, var z, var w]) => Visit(x) * Visit(z) + Visit(w),
            ("Lerp", [var x, var z, var t]) => Visit(x) * (1 - Visit(t)) + Visit(z) * Visit(t),
            ("DegreesToRadians", [var x]) => Visit(x) * _pool.Number(Math.PI / 180),
            ("RadiansToDegrees", [var x]) => Visit(x) * _pool.Number(180 / Math.PI),
            ("IsNaN", [var x]) => _pool.Of(Head.NotEqual, Visit(x), Visit(x)),
            ("LogP1" or "Log1p", [var x]) => Stable.Log1p(Visit(x)), // the library's own loses what is small
            ("ExpM1", [var x]) => _pool.Call("Expm1", Visit(x)),
            ("Log", [var x]) => Stable.Logarithm(Visit(x)),
            _ when ScalarFunction.Find(name) is { } f && f.Slopes!.Length == a.Length => _pool.Call(f, [.. a.Select(Visit)]),
            _ => null,
        };

    /// <summary>Finds the lambda of a function: C# hands over itself, F# one that is converted, or the name of one.</summary>
    LambdaExpression? Lambda(Expression? e) =>
        e switch
        {
            LambdaExpression lambda => lambda,
            UnaryExpression { NodeType: ExpressionType.Quote, Operand: var quoted } => Lambda(quoted),
            MethodCallExpression { Method.Name: "ToFSharpFunc", Arguments: [var lambda] } => Lambda(lambda),
            ParameterExpression p => _functions.GetValueOrDefault(p),
            _ => null,
        };

    Term Open(LambdaExpression f, IReadOnlyList<Expression> arguments)
    {
        for (int i = 0; i < arguments.Count; i++)
            _names[f.Parameters[i]] = Visit(arguments[i]);
        var outside = _read;
        _read = []; // the body means something else each time
        var result = Visit(f.Body);
        _read = outside;
        return result;
    }

    Term Block(BlockExpression block)
    {
        for (int i = 0; i < block.Expressions.Count - 1; i++)
        {
            if (block.Expressions[i] is not BinaryExpression { NodeType: ExpressionType.Assign, Left: ParameterExpression name } assign)
                throw Unknown(block.Expressions[i]);
            if (Lambda(assign.Right) is { } function)
                _functions[name] = function;
            else
                _names[name] = Visit(assign.Right);
        }
        return Visit(block.Expressions[^1]);
    }

    /// <summary>Tells whether no argument enters the expression.</summary>
    static bool IsFree(Expression e)
    {
        var search = new Search();
        search.Visit(e);
        return !search.Found;
    }

    /// <summary>Reads what was captured; fields and properties without compiling anything.</summary>
    Term Known(Expression e) => Constant(Read(e), e);

    static object? Read(Expression? e) =>
        e switch
        {
            null => null,
            ConstantExpression c => c.Value,
            MemberExpression { Member: FieldInfo field } m => field.GetValue(Read(m.Expression)),
            MemberExpression { Member: PropertyInfo property } m => property.GetValue(Read(m.Expression)),
            _ => Expression.Lambda<Func<object>>(Expression.Convert(e, typeof(object))).Compile(preferInterpretation: true)(),
        };

    Term Constant(object? value, Expression e) =>
        value switch
        {
            bool b => _pool.Truth(b),
            float f => _pool.Number(AsWritten(f)),
            double d when e is ConstantExpression && IsWidened(d) => _pool.Number(AsWritten((float)d)),
            double d => _pool.Number(d),
            sbyte or byte or short or ushort or int or uint or long or ulong or decimal or Half => _pool.Number(
                Convert.ToDouble(value is Half h ? (double)h : value, CultureInfo.InvariantCulture)
            ),
            _ => throw Unknown(e),
        };

    static double AsWritten(float f) =>
        MathF.Abs(f) switch
        {
            MathF.PI => Math.CopySign(Math.PI, f),
            MathF.E => Math.CopySign(Math.E, f),
            MathF.Tau => Math.CopySign(Math.Tau, f),
            _ => Expr.AsWritten(f),
        };

    /// <summary>
    /// Tells whether a double is a float's literal that the C# compiler widened, as in 0.1f * x for a double x: it has a float's digits, and nearly all of
    /// them, which a double that someone wrote has once in half a billion times.
    /// </summary>
    static bool IsWidened(double d) =>
        (float)d == d && d != Math.Floor(d) && long.TrailingZeroCount(BitConverter.DoubleToInt64Bits(d)) is >= 29 and < 36;

    GraphException Unknown(Expression e) =>
        new(
            $"{_subject}: a scalar function may be made of arithmetic, comparisons, conditionals and functions of Math; got {Describe(e)}. "
                + (
                    _allowsOwn
                        ? "Write it out, or call a static method of one or two numbers."
                        : "Write it out, or give the derivative as well: Gate.Define(name, forward, derivative)?"
                )
        );

    static string Describe(Expression e) =>
        e is MethodCallExpression { Method: var m, Arguments: var a } ? $"{m.DeclaringType?.Name}.{m.Name}({string.Join(", ", a)})"
        : IsReal(e.Type) || e.Type == typeof(bool) ? e.ToString()
        : $"{e} of type {e.Type.Name}";

    sealed class Search : ExpressionVisitor
    {
        readonly HashSet<ParameterExpression> _own = [];

        public bool Found { get; private set; }

        protected override Expression VisitParameter(ParameterExpression node)
        {
            Found |= !_own.Contains(node);
            return node;
        }

        protected override Expression VisitLambda<T>(Expression<T> node)
        {
            _own.UnionWith(node.Parameters);
            return base.VisitLambda(node);
        }

        protected override Expression VisitBlock(BlockExpression node)
        {
            _own.UnionWith(node.Variables);
            return base.VisitBlock(node);
        }
    }
}
