using System.Linq.Expressions;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Cv.Compiler;

/// <summary>
/// Writes an expression tree as numbers that are equal just where the code is: locals and labels go by their order of appearance, types and
/// methods by a number of their own, and names are left out. Kernels of one fingerprint are compiled once.
/// </summary>
sealed class Fingerprint
{
    static readonly ConditionalWeakTable<object, StrongBox<int>> Identities = [];
    static int _identities;

    readonly List<int> _numbers = [];
    readonly Dictionary<object, int> _locals = [];
    bool _unknown;

    Fingerprint() { }

    /// <summary>Gives a hash of 128 bits, or null where the tree holds something that this class does not know.</summary>
    public static UInt128? Of(LambdaExpression tree)
    {
        var print = new Fingerprint();
        foreach (var parameter in tree.Parameters)
            print.Local(parameter, parameter.Type);
        print.Visit(tree.Body);
        if (print._unknown)
            return null;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(print._numbers)), hash);
        return MemoryMarshal.Read<UInt128>(hash);
    }

    void Visit(Expression? e)
    {
        if (e is null)
        {
            _numbers.Add(-1);
            return;
        }
        _numbers.Add((int)e.NodeType);
        switch (e)
        {
            case ParameterExpression p:
                Local(p, p.Type);
                break;
            case ConstantExpression c:
                Constant(c);
                break;
            case BinaryExpression { Conversion: null } b:
                Identity(b.Method);
                Visit(b.Left);
                Visit(b.Right);
                break;
            case UnaryExpression u:
                Identity(u.Type);
                Identity(u.Method);
                Visit(u.Operand);
                break;
            case MethodCallExpression m:
                Identity(m.Method);
                Visit(m.Object);
                foreach (var argument in m.Arguments)
                    Visit(argument);
                break;
            case MemberExpression m:
                Identity(m.Member);
                Visit(m.Expression);
                break;
            case BlockExpression block:
                _numbers.Add(block.Variables.Count);
                _numbers.Add(block.Expressions.Count);
                foreach (var variable in block.Variables)
                    Local(variable, variable.Type);
                foreach (var line in block.Expressions)
                    Visit(line);
                break;
            case ConditionalExpression c:
                Identity(c.Type);
                Visit(c.Test);
                Visit(c.IfTrue);
                Visit(c.IfFalse);
                break;
            case LoopExpression loop:
                Label(loop.BreakLabel);
                Label(loop.ContinueLabel);
                Visit(loop.Body);
                break;
            case GotoExpression jump:
                _numbers.Add((int)jump.Kind);
                Label(jump.Target);
                Visit(jump.Value);
                break;
            case LabelExpression label:
                Label(label.Target);
                Visit(label.DefaultValue);
                break;
            case DefaultExpression d:
                Identity(d.Type);
                break;
            default:
                _unknown = true;
                break;
        }
    }

    void Constant(ConstantExpression c)
    {
        Identity(c.Type);
        switch (c.Value)
        {
            case int value:
                _numbers.Add(value);
                break;
            case long value:
                Bits(value);
                break;
            case ulong value:
                Bits(unchecked((long)value));
                break;
            case float value:
                _numbers.Add(BitConverter.SingleToInt32Bits(value));
                break;
            case double value:
                Bits(BitConverter.DoubleToInt64Bits(value));
                break;
            case byte value:
                _numbers.Add(value);
                break;
            case bool value:
                _numbers.Add(value ? 1 : 0);
                break;
            case Delegate { Target: null } function:
                Identity(function.Method);
                break;
            default:
                Identity(c.Value);
                break;
        }
    }

    void Bits(long value)
    {
        _numbers.Add(unchecked((int)value));
        _numbers.Add(unchecked((int)(value >> 32)));
    }

    void Label(LabelTarget? target)
    {
        if (target is null)
            _numbers.Add(-1);
        else
            Local(target, target.Type);
    }

    void Local(object local, Type type)
    {
        if (!_locals.TryGetValue(local, out int number))
        {
            _locals[local] = number = _locals.Count;
            Identity(type);
        }
        _numbers.Add(number);
    }

    /// <summary>Writes a number that no other object has had or will have while the process lives.</summary>
    void Identity(object? known) =>
        _numbers.Add(known is null ? 0 : Identities.GetValue(known, static _ => new(Interlocked.Increment(ref _identities))).Value);
}
