using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>
/// Holds a scalar function and its derivatives, made by <c>Gate.Define</c>. Gates of one name and one function are equal, wherever they were defined.
/// </summary>
public sealed class ScalarGate : Gate, IEquatable<ScalarGate>
{
    static readonly ConcurrentDictionary<ScalarFunction, ScalarGate> OfFunctions = [];

    readonly ImmutableArray<string> _names;
    readonly Term _value;
    readonly Term? _definition;
    readonly ImmutableArray<Term> _derivatives;
    readonly ImmutableArray<LambdaExpression> _rules;
    readonly ImmutableArray<Term?> _choices;
    readonly string _key;

    internal ScalarGate(string name, LambdaExpression rule, Term value, ImmutableArray<Term> derivatives, bool byHand)
        : base(name)
    {
        _value = value;
        _derivatives = derivatives;
        HasOwnDerivative = byHand;
        // written now, all of it: a pool is not for several threads
        Rule = TermWriter.Lambda(value, rule.Parameters);
        _names = [.. rule.Parameters.Select((p, i) => p.Name ?? $"x{i}")];
        _rules = [.. derivatives.Select(d => TermWriter.Lambda(d, rule.Parameters))];
        _definition = IsOneFunction ? value.Function!.Definition?.Invoke([.. value.Parts]) : value;
        _choices = [.. derivatives.Select(NonZero)];
        _key = TermKey.Of(byHand ? [value, .. derivatives] : [value]);
    }

    /// <inheritdoc/>
    public override int Count => _names.Length;

    /// <summary>Gives the function, over doubles: as it was written, but for what overflows or cancels (docs/SEMANTICS.md).</summary>
    public LambdaExpression Rule { get; }

    /// <summary>Tells whether the derivatives were written by hand.</summary>
    public bool HasOwnDerivative { get; }

    /// <summary>Gives the function as a term; those who only read terms may do so from any thread.</summary>
    internal Term Value => _value;

    internal ImmutableArray<Term> Derivatives => _derivatives;

    bool IsOneFunction => _value.Head == Head.Call && _value.Function!.Graph is null && _value.Parts.All(p => p.Head == Head.Argument);

    /// <inheritdoc/>
    public override Expr Of(params Expr[] operands)
    {
        CheckCount(operands.Length);
        return Expr.Of(new Gated(this), operands);
    }

    /// <summary>Gives the derivative by an argument, as a function of the same arguments over doubles.</summary>
    public LambdaExpression DerivativeRule(int argument = 0) => _rules[Checked(argument)];

    /// <summary>Prints the derivative by an argument as C#; y is the gate's own value.</summary>
    /// <example><code>Gate.Define("f", x => MathF.Tanh(x)).Derivative(0);   // 1 - y * y</code></example>
    public string Derivative(int argument = 0) =>
        TermText.Of(_derivatives[Checked(argument)], _names, _names.Contains("y") ? null : _value);

    /// <summary>Prints the gate as C#: swish(x) = x * Sigmoid(x).</summary>
    public override string ToString() => $"{Name}({string.Join(", ", _names)}) = {TermText.Of(_value, _names)}";

    /// <inheritdoc/>
    public bool Equals(ScalarGate? other) =>
        ReferenceEquals(this, other) || (other is not null && Name == other.Name && Count == other.Count && _key == other._key);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ScalarGate);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, _key);

    /// <summary>Makes a gate of a function that has no op.</summary>
    internal static ScalarGate Of(ScalarFunction function) =>
        OfFunctions.GetOrAdd(
            function,
            static f =>
            {
                var pool = new TermPool();
                var parameters = f
                    .Method.GetParameters()
                    .Select((_, i) => Expression.Parameter(typeof(double), "xzw"[i].ToString()))
                    .ToArray();
                var x = parameters.Select((_, i) => pool.Argument(i)).ToArray();
                var y = pool.Call(f, x);
                var slopes = f.Slopes is null ? [] : x.Select((_, i) => ScalarDerivative.Of(y, x[i], f.Name));
                return new(SnakeCase.Of(f.Name), Expression.Lambda(Expression.Constant(0.0), parameters), y, [.. slopes], byHand: false);
            }
        );

    internal ImmutableArray<Expr?> Flows(Expr y, Expr dy)
    {
        var graph = GraphOf(y);
        return [.. _derivatives.Select(d => d.IsZero ? null : Flow(graph, d, dy))];
    }

    /// <summary>Tells that a derivative is one of some finite numbers, whatever the arguments are.</summary>
    internal bool IsSteady(int argument) => argument < _derivatives.Length && IsSteady(_derivatives[argument]);

    static bool IsSteady(Term d) =>
        d switch
        {
            { Head: Head.Number } => double.IsFinite(d.Value),
            (Head.Choose, [_, var a, var b]) => IsSteady(a) && IsSteady(b),
            _ => false,
        };

    /// <summary>Prepares to write the derivatives as nodes; the gate's own value is there already.</summary>
    /// <summary>Tells that the derivative by an argument is finite for finite numbers, but for what overflows.</summary>
    internal bool IsTame(int argument) => argument < _derivatives.Length && IsTame(_derivatives[argument]);

    static bool IsTame(Term d) =>
        d switch
        {
            { Head: Head.Argument } => true,
            { Head: Head.Number } => double.IsFinite(d.Value),
            (Head.Add or Head.Subtract or Head.Multiply or Head.Negate, var parts) => parts.All(IsTame),
            (Head.Divide, [var a, { Head: Head.Number, Value: not 0 }]) => IsTame(a),
            (Head.Choose, [_, var a, var b]) => IsTame(a) && IsTame(b),
            { Function.Name: "Exp", Parts: [(Head.Negate, [(Head.Multiply, [var a, var b])])] } => a == b && IsTame(a), // exp(-x^2)
            {
                Function.Name: "Abs"
                    or "Sign"
                    or "Max"
                    or "Min"
                    or "Tanh"
                    or "Sigmoid"
                    or "Softplus"
                    or "Erf"
                    or "Sin"
                    or "Cos"
                    or "Atan"
                    or "Asinh"
            } => d.Parts.All(IsTame),
            _ => false,
        };

    /// <summary>Gives where the function depends on an argument, if its conditionals leave it out elsewhere; null where it may anywhere.</summary>
    internal Expr? Choice(Expr y, int argument) =>
        argument < _choices.Length && _choices[argument] is { } choice ? GraphOf(y).Of(choice) : null;

    /// <summary>Gives where a derivative is not 0 by its conditionals, as a test; null where it may differ from 0 anywhere.</summary>
    static Term? NonZero(Term d)
    {
        if (d.IsZero)
            return d.Pool.Truth(false);
        if (d is not (Head.Choose, [var test, var a, var b]))
            return null;
        var (ofA, ofB) = (NonZero(a), NonZero(b));
        return ofA is null && ofB is null ? null : d.Pool.Choose(test, ofA ?? d.Pool.Truth(true), ofB ?? d.Pool.Truth(true));
    }

    ScalarGraph.Walk GraphOf(Expr y)
    {
        if (_derivatives.Length < Count)
            throw new GraphException(
                $"gradient: a derivative must be known for each function; got {_value.Function!.Name}, which no gate defines one for. Give it by hand: Gate.Define(name, forward, derivative)?"
            );
        var graph = new ScalarGraph.Walk(y.Operands);
        graph.Let(_value, y);
        return graph;
    }

    /// <summary>Multiplies a derivative by what comes from above; where it masks, the mask comes first.</summary>
    static Expr Flow(ScalarGraph.Walk graph, Term d, Expr dy) =>
        d switch
        {
            { IsZero: true } => dy.Like(0),
            { Head: Head.Number, Value: 1 } => dy,
            (Head.Negate, [var opposite]) => -Flow(graph, opposite, dy),
            (Head.Choose, [var test, var a, var b]) when ScalarDerivative.Masks(d) => Expr.Select(
                graph.Of(test),
                Flow(graph, a, dy),
                Flow(graph, b, dy)
            ),
            (Head.Divide, [{ Head: Head.Number, Value: 1 }, var x]) => dy / graph.Of(x),
            _ => dy * graph.Of(d),
        };

    internal Expr? Expand(Expr y) => _definition is null ? null : new ScalarGraph.Walk(y.Operands).Of(_definition).BroadcastTo(y.Shape);

    int Checked(int argument) =>
        argument >= 0 && argument < Count
            ? argument
            : throw new GraphException(
                $"gate \"{Name}\": an argument must be a number from 0 to {Count - 1}; got {argument}. The first is 0."
            );
}
