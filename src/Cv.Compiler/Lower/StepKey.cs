using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Reflection;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Describes a step but for which nodes it is about: steps of equal keys get the same code, on other buffers. Nodes go by number, in order of
/// appearance; all that a step holds is described, by reflection, so that a property that is added to a step tells steps apart at once.
/// </summary>
sealed class StepKey : IEquatable<StepKey>
{
    static readonly ConcurrentDictionary<Type, FieldInfo[]> FieldsOf = new();

    readonly List<object?> _parts = [];
    readonly List<Expr> _nodes = [];
    readonly Dictionary<Expr, int> _numbers = [];
    readonly int _hash;

    public StepKey(Step step)
    {
        _parts.Add(step.GetType());
        foreach (var member in step.Members.Concat(step.Prologue))
            Number(member);
        int described = _nodes.Count;
        foreach (var field in FieldsOf.GetOrAdd(step.GetType(), Fields))
            Add(field.GetValue(step));
        for (int i = 0; i < _nodes.Count; i++)
            Describe(_nodes[i], i < described);
        var hash = new HashCode();
        foreach (object? part in _parts)
            hash.Add(part);
        _hash = hash.ToHashCode();
    }

    /// <summary>Gives the node of this step that stands where a node of an equal one stands, or null.</summary>
    public Expr? Twin(Expr node, StepKey equal) => equal._numbers.TryGetValue(node, out int number) ? _nodes[number] : null;

    /// <inheritdoc/>
    public bool Equals(StepKey? other) => other is not null && _hash == other._hash && _parts.SequenceEqual(other._parts);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as StepKey);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    static FieldInfo[] Fields(Type type)
    {
        var fields = new List<FieldInfo>();
        for (var t = type; t != typeof(object); t = t.BaseType!)
            fields.AddRange(t.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly));
        // where a step stands among the others says nothing about its code
        return [.. fields.Where(f => !f.Name.Contains($"<{nameof(Step.Order)}>", StringComparison.Ordinal))];
    }

    void Add(object? value)
    {
        switch (value)
        {
            case Expr e:
                _parts.Add(Number(e));
                break;
            case ImmutableArray<Expr> { IsDefault: true }:
                _parts.Add(null);
                break;
            case IEnumerable<Expr> list:
                foreach (var e in list)
                    _parts.Add(Number(e));
                _parts.Add(null);
                break;
            case Dictionary<Expr, Role> roles:
                foreach (var (e, role) in roles)
                {
                    _parts.Add(Number(e));
                    _parts.Add(role);
                }
                _parts.Add(null);
                break;
            default:
                _parts.Add(value); // what is no value is equal to itself alone: such steps share nothing
                break;
        }
    }

    /// <summary>
    /// Describes a node: of a member, and of a reshape or a delay of something, all; of what comes from outside, what it is, but not whence it came nor
    /// what it is called.
    /// </summary>
    void Describe(Expr e, bool member)
    {
        _parts.Add(e.Type);
        _parts.Add(e.Op is Named ? e.Op.GetType() : e.Op);
        if (member || e.Op is Reshape or Delay)
            foreach (var operand in e.Operands)
                _parts.Add(Number(operand));
    }

    int Number(Expr e)
    {
        if (!_numbers.TryGetValue(e, out int number))
        {
            _numbers[e] = number = _nodes.Count;
            _nodes.Add(e);
        }
        return number;
    }
}
