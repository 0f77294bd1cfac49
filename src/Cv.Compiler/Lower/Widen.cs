using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.CompilerServices;
using Cv.Dsl;
using Cv.Runtime;
using static System.Linq.Expressions.Expression;

namespace Cv.Compiler;

/// <summary>
/// Widens scalar rules to vectors: the body of an op's lambda, applied to vectors of operands. Arithmetic maps to operators, comparisons to
/// masks, conditionals to selections, Math functions to vector functions: the width's own, or those of <see cref="Approximations"/>.
/// </summary>
sealed class Widen
{
    static readonly ConcurrentDictionary<(MethodInfo Method, Type Float, int Count), Delegate> OfLanes = [];
    static readonly ConditionalWeakTable<LambdaExpression, object> KnownRules = [];

    readonly Lanes _lanes;
    readonly DType _type;
    readonly Dictionary<ParameterExpression, Expression> _arguments;

    Widen(Lanes lanes, DType type, Dictionary<ParameterExpression, Expression> arguments) =>
        (_lanes, _type, _arguments) = (lanes, type, arguments);

    /// <summary>Gives the vector of an elementwise node from the vectors of its operands.</summary>
    public static Expression Node(Lanes lanes, Expr node, IReadOnlyList<Expression> operands)
    {
        if (node.Op is Broadcast)
            return operands[0]; // lanes repeat what they read
        if (node.Op is Cast)
            return Cast(lanes, node.Operands[0].DType, node.DType, operands[0]);
        // numbers in the rule are of the operands' dtype: a comparison's result is not
        var type = node.Operands.Select(o => o.DType).FirstOrDefault(d => d != DType.Bool, node.DType);
        return Rule(lanes, type, ((Elementwise)node.Op).Scalar, operands);
    }

    static Expression Rule(Lanes lanes, DType type, LambdaExpression rule, IReadOnlyList<Expression> operands)
    {
        var arguments = new Dictionary<ParameterExpression, Expression>();
        for (int i = 0; i < rule.Parameters.Count; i++)
            arguments[rule.Parameters[i]] = operands[i];
        return new Widen(lanes, type, arguments).Visit(rule.Body);
    }

    Expression Visit(Expression e) =>
        e switch
        {
            ParameterExpression p => _arguments[p],
            ConstantExpression { Value: bool b } => _lanes.Constant(b ? 1 : 0, DType.Bool),
            ConstantExpression c => _lanes.Constant(System.Convert.ToDouble(c.Value, null), _type),
            UnaryExpression { NodeType: ExpressionType.Convert } u => Visit(u.Operand),
            UnaryExpression { NodeType: ExpressionType.Negate } u => Negate(Visit(u.Operand)),
            UnaryExpression { NodeType: ExpressionType.Not } u => OnesComplement(Visit(u.Operand)),
            BinaryExpression b => Binary(b.NodeType, Visit(b.Left), Visit(b.Right)),
            ConditionalExpression c => _lanes.Select(Visit(c.Test), Visit(c.IfTrue), Visit(c.IfFalse)),
            MethodCallExpression m when m.Object is null => Function(m.Method, [.. m.Arguments.Select(Visit)]),
            BlockExpression block => Block(block.Expressions),
            MemberExpression m when Captured(m) is { } value => Visit(Expression.Constant(value)),
            _ => throw Unknown(e.ToString()),
        };

    /// <summary>
    /// Tells that a rule of somebody's own is made of what this class can widen, each as it is written: numbers are doubles, and what is called takes and gives them.
    /// </summary>
    public static bool Knows(LambdaExpression rule) =>
        (bool)KnownRules.GetValue(rule, static r => r.Parameters.All(p => IsNumber(p.Type)) && Knows(r.Body, [.. r.Parameters]));

    static bool Knows(Expression e, HashSet<ParameterExpression> bound) =>
        IsNumber(e.Type)
        && e switch
        {
            ParameterExpression p => bound.Contains(p),
            ConstantExpression => true,
            UnaryExpression { NodeType: ExpressionType.Negate, Method: null } u => Knows(u.Operand, bound),
            UnaryExpression { NodeType: ExpressionType.Not } u => u.Type == typeof(bool) && Knows(u.Operand, bound),
            BinaryExpression { Method: null } b => IsArithmetic(b) && Knows(b.Left, bound) && Knows(b.Right, bound),
            ConditionalExpression c => Knows(c.Test, bound) && Knows(c.IfTrue, bound) && Knows(c.IfFalse, bound),
            MethodCallExpression { Object: null, Arguments.Count: 1 or 2 } m => m.Type == typeof(double)
                && m.Arguments.All(a => a.Type == typeof(double) && Knows(a, bound)),
            MemberExpression m => Captured(m) is not null,
            _ => false,
        };

    static bool IsNumber(Type type) => type == typeof(double) || type == typeof(bool);

    static bool IsArithmetic(BinaryExpression b) =>
        b.NodeType switch
        {
            ExpressionType.Add
            or ExpressionType.Subtract
            or ExpressionType.Multiply
            or ExpressionType.Divide
            or ExpressionType.LessThan
            or ExpressionType.LessThanOrEqual
            or ExpressionType.GreaterThan
            or ExpressionType.GreaterThanOrEqual
            or ExpressionType.Equal
            or ExpressionType.NotEqual => b.Left.Type == typeof(double),
            ExpressionType.AndAlso or ExpressionType.And or ExpressionType.OrElse or ExpressionType.Or => b.Left.Type == typeof(bool),
            _ => false,
        };

    /// <summary>Reads what a rule captures: a field or property of an object that it holds, or a static one that cannot change; null where it is no such number.</summary>
    static object? Captured(MemberExpression m)
    {
        Expression? root = m;
        while (root is MemberExpression inner)
            root = inner.Expression;
        bool fixedOnce =
            root is ConstantExpression
            || (root is null && m is { Member: FieldInfo { IsInitOnly: true } or FieldInfo { IsLiteral: true } });
        return fixedOnce && IsNumber(m.Type)
            ? Lambda<Func<object>>(Convert(m, typeof(object))).Compile(preferInterpretation: true)()
            : null;
    }

    Expression Binary(ExpressionType kind, Expression a, Expression b) =>
        kind switch
        {
            ExpressionType.Add or ExpressionType.Subtract or ExpressionType.Multiply or ExpressionType.Divide => Methods.Binary(kind, a, b),
            ExpressionType.LessThan => _lanes.AsFloat(_lanes.Call("LessThan", a, b)),
            ExpressionType.LessThanOrEqual => _lanes.AsFloat(_lanes.Call("LessThanOrEqual", a, b)),
            ExpressionType.GreaterThan => _lanes.AsFloat(_lanes.Call("GreaterThan", a, b)),
            ExpressionType.GreaterThanOrEqual => _lanes.AsFloat(_lanes.Call("GreaterThanOrEqual", a, b)),
            ExpressionType.Equal => _lanes.AsFloat(_lanes.Call("Equals", a, b)),
            ExpressionType.NotEqual => OnesComplement(_lanes.AsFloat(_lanes.Call("Equals", a, b))),
            ExpressionType.AndAlso or ExpressionType.And => Methods.Binary(ExpressionType.And, a, b),
            ExpressionType.OrElse or ExpressionType.Or => Methods.Binary(ExpressionType.Or, a, b),
            _ => throw Unknown(kind.ToString()),
        };

    /// <summary>Binds the variables of a block in turn, so that a rule may name a value it uses twice.</summary>
    BlockExpression Block(IReadOnlyList<Expression> lines)
    {
        var locals = new List<ParameterExpression>();
        var body = new List<Expression>();
        for (int i = 0; i < lines.Count - 1; i++)
        {
            if (lines[i] is not BinaryExpression { NodeType: ExpressionType.Assign, Left: ParameterExpression name } assign)
                throw Unknown(lines[i].ToString());
            var value = Visit(assign.Right);
            var local = Variable(value.Type, name.Name);
            locals.Add(local);
            body.Add(Assign(local, value));
            _arguments[name] = local;
        }
        body.Add(Visit(lines[^1]));
        return Expression.Block(locals, body);
    }

    Expression Function(MethodInfo method, Expression[] a)
    {
        // a function of the user's own may bear any name
        if (
            method.DeclaringType != typeof(Math)
            && method.DeclaringType != typeof(SpecialFunctions)
            && method.DeclaringType != typeof(double)
        )
            return PerLane(method, a);
        string name = method.Name;
        switch (name)
        {
            case "Max":
                return Largest("Max", a[0], a[1]);
            case "Min":
                return Largest("Min", a[0], a[1]);
            case "Abs" or "Sqrt" or "Floor" or "Ceiling" or "Truncate" or "Round":
                return _lanes.Call(name, a);
            case "CopySign":
                return _lanes.Call("CopySign", a);
        }
        return Approximations.Find(name, _lanes, a) ?? PerLane(method, a);
    }

    /// <summary>
    /// Takes the larger or smaller of two. Against a constant the plain instruction will do: it returns its second operand when either is
    /// NaN, so the constant goes first.
    /// </summary>
    Expression Largest(string name, Expression a, Expression b) =>
        IsConstant(b) ? _lanes.Call(name + "Native", b, a)
        : IsConstant(a) ? _lanes.Call(name + "Native", a, b)
        : _lanes.Call(name, a, b);

    static bool IsConstant(Expression e) =>
        e
            is MemberExpression
                or MethodCallExpression { Method.Name: "Create", Arguments: [ConstantExpression { Value: not (float.NaN or double.NaN) }] };

    Expression PerLane(MethodInfo method, Expression[] a)
    {
        var function = Expression.Constant(
            OfLanes.GetOrAdd((method, _lanes.Float, a.Length), static key => OfLane(key.Method, key.Float, key.Count))
        );
        return Lanes.Memory(
            a.Length switch
            {
                1 => nameof(VectorMemory.Map),
                2 => nameof(VectorMemory.Map2),
                _ => throw Unknown(method.Name),
            },
            [_lanes.Vector, _lanes.Float],
            [function, .. a]
        );
    }

    /// <summary>Gives the method's form for the lanes' own numbers, where it has one; else the method between conversions.</summary>
    static Delegate OfLane(MethodInfo method, Type real, int count)
    {
        var types = Enumerable.Repeat(real, count).ToArray();
        var type = GetDelegateType([.. types, real]);
        var home = method.DeclaringType == typeof(Math) && real == typeof(float) ? typeof(MathF) : method.DeclaringType!;
        var flags = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
        if (home == typeof(double))
            home = real;
        if (home.GetMethod(method.Name, flags, types) is { } own && own.ReturnType == real)
            return own.CreateDelegate(type);
        var arguments = types.Select(t => Parameter(t)).ToArray();
        var call = Call(method, arguments.Select((x, i) => Convert(x, method.GetParameters()[i].ParameterType)));
        return Lambda(type, Convert(call, real), arguments).Compile();
    }

    static Expression Cast(Lanes lanes, DType from, DType to, Expression x) =>
        (from, to) switch
        {
            (DType.Bool, _) => lanes.Select(x, lanes.Constant(1, to), lanes.Constant(0, to)),
            (_, DType.Bool) => OnesComplement(lanes.AsFloat(lanes.Call("Equals", x, lanes.Constant(0, from)))),
            (DType.I32, _) => lanes.Type == DType.F64 ? WholeNumbers.ToFloat(lanes, x) : lanes.Call("ConvertToSingle", x),
            (_, DType.I32) => lanes.Type == DType.F64 ? WholeNumbers.OfFloat(lanes, x) : lanes.Call("ConvertToInt32Native", x),
            _ => x, // between floats: loads and stores convert
        };

    static InvalidOperationException Unknown(string what) =>
        new($"widen: a scalar rule may hold arithmetic, comparisons, conditionals and Math functions; got {what}.");
}
